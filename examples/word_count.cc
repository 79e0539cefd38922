// Counts words in files (`word_count --input texts --output counts`) or in lines received over TCP
// (`nc -lk 9999` and `word_count --socket localhost:9999`). Writes a word again whenever its count
// grows.

#include <cstdlib>
#include <sstream>
#include <string>

#include "weir/weir.h"

struct WordCount {
  std::string word;
  int64_t count = 0;
  WEIR_FIELDS(WordCount, word, count)
};

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string input = env.flag("input", ".", "a text file, or a directory of them");
  const std::string server = env.flag("socket", "", "HOST:PORT to read lines from instead");
  const std::string output =
      env.flag("output", "", "the directory for the result; otherwise it is printed");
  const double rate =
      env.flag("rate", 0.0, "lines of the input a second at most; 0: as fast as it goes");
  env.may_vary("rate");

  const size_t colon = server.rfind(':');
  const auto lines =
      server.empty() ? env.from_source(weir::FileSource<std::string>::lines(input).rate(rate),
                                       weir::no_watermarks(), "lines")
                     : env.from_source(weir::SocketSource(server.substr(0, colon),
                                                          std::atoi(server.c_str() + colon + 1)),
                                       weir::no_watermarks(), "lines");
  const auto counts = lines.uid("lines")
                          .flat_map([](const std::string& line, weir::Collector<WordCount>& out) {
                            std::istringstream words(line);
                            for (std::string word; words >> word;) out.collect({word, 1});
                          })
                          .key_by(&WordCount::word)
                          .reduce([](WordCount a, const WordCount& b) {
                            return WordCount{std::move(a.word), a.count + b.count};
                          })
                          .uid("counts");
  if (output.empty()) counts.print();
  else counts.sink_to(weir::FileSink<WordCount>(output)).uid("results");
  return env.execute("word count");
}
