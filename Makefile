# Two commands do everything on a fresh Debian 12 machine, as root or with sudo:
#   make demo   installs what is missing, builds, and runs the flights job with three kill -9 (HDFS=1: on a real HDFS;
#               CLUSTER=1: on two coordinators and three workers, over a real HDFS with a real ZooKeeper;
#               KAFKA=1: from topic to topic of a real Kafka, which is killed too;
#               FLINK=1: inside a real Apache Flink, over a real HDFS)
#   make test   the whole suite, real HDFS, ZooKeeper and Flink included
# The others: build, unit (tests that need no server), bench, format (every file), tidy (clang-tidy), flink-bridge (what runs a job inside Flink),
# docs (headers and documents as a site: build/docs/html), install PREFIX=…, deb (Debian packages, in build-deb), clean.

BUILD  ?= build
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)

# As project() in CMakeLists.txt says.
VERSION = $(shell sed -n 's/.*weir VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
BRIDGE = $(BUILD)/share/weir/weir-flink.jar

.PHONY: demo test build unit bench format tidy docs flink-bridge install deb deps deps-test clean

demo: deps $(BUILD)/build.ninja $(if $(FLINK),$(BRIDGE))
	ninja -C $(BUILD) -j $(JOBS) $(if $(KAFKA),flights_kafka,flights word_count)
	python3 tools/demo.py --build $(BUILD) $(if $(FLINK),--flink,$(if $(KAFKA),--kafka,$(if $(CLUSTER),--cluster,$(if $(HDFS),--hdfs))))

test: deps-test $(BUILD)/build.ninja $(BRIDGE)
	ninja -C $(BUILD) -j $(JOBS)
	python3 tools/run_tests.py --build $(BUILD)

build: deps $(BUILD)/build.ninja
	ninja -C $(BUILD) -j $(JOBS)

unit: build
	ctest --test-dir $(BUILD) --output-on-failure -L unit

bench: build
	python3 tools/run_benchmarks.py --build $(BUILD)

format:
	python3 tools/format.py

tidy: build
	python3 tools/tidy.py --build $(BUILD) --jobs $(JOBS)

docs:
	@tools/install_packages.sh docs
	mkdir -p $(BUILD)/docs
	WEIR_VERSION=$(VERSION) WEIR_DOCS=$(BUILD)/docs doxygen docs/Doxyfile

flink-bridge: $(BRIDGE)

$(BRIDGE): flink/pom.xml $(shell find flink/src/main -name '*.java')
	mvn -q -B -ntp -f flink/pom.xml -Dweir.build=$(abspath $(BUILD))/flink -Drevision=$(VERSION) -DskipTests package
	install -D -m 644 $(BUILD)/flink/weir-flink.jar $@

install: build
	cmake --install $(BUILD) --prefix $(PREFIX)

# As shared libraries, so that a security update of a library that weir uses needs no new weir.
deb: deps $(BRIDGE)
	@tools/install_packages.sh deb
	install -D -m 644 -t $(BUILD)-deb/share/weir $(BRIDGE)
	cmake -S . -B $(BUILD)-deb -G Ninja -DCMAKE_INSTALL_PREFIX=/usr -DBUILD_SHARED_LIBS=ON \
	  -DWEIR_BUILD_TESTS=OFF -DWEIR_BUILD_EXAMPLES=OFF -DWEIR_BUILD_BENCH=OFF $(CMAKE_ARGS)
	ninja -C $(BUILD)-deb -j $(JOBS) package

# Every configuration variable of one's own goes into CMAKE_ARGS: make build CMAKE_ARGS=-DCMAKE_BUILD_TYPE=Debug
$(BUILD)/build.ninja: CMakeLists.txt $(wildcard cmake/*.cmake)
	cmake -S . -B $(BUILD) -G Ninja $(CMAKE_ARGS)

deps:
	@tools/install_packages.sh build $(if $(HDFS)$(CLUSTER)$(FLINK),hdfs) $(if $(FLINK)$(KAFKA),test)

deps-test:
	@tools/install_packages.sh build hdfs test docs

clean:
	rm -rf $(BUILD) $(BUILD)-deb
