// A job that writes to PostgreSQL. It shows that the component links.

#include <weir/connector/jdbc_sink.h>
#include <weir/weir.h>

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const auto sink =
      weir::JdbcSink<int64_t>::builder()
          .connection("host=127.0.0.1 port=1 dbname=none user=nobody")
          .query_statement("INSERT INTO numbers VALUES ($1)",
                           [](weir::JdbcStatement& row, int64_t number) { row.set(1, number); })
          .build();
  env.from_source(weir::GeneratorSource<int64_t>(1, [](int64_t i) { return i; }),
                  weir::no_watermarks(), "numbers")
      .sink_to(sink);
  return env.execute("numbers");
}
