#include <weir/weir.h>

#include <cstdint>
#include <iostream>
#include <string>

struct WordCount {
  std::string word;
  int64_t count = 0;
  WEIR_FIELDS(WordCount, word, count)
};

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  env.from_elements<std::string>({"weir", "barrier", "weir"})
      .map([](const std::string& word) { return WordCount{word, 1}; })
      .key_by(&WordCount::word)
      .reduce([](const WordCount& a, const WordCount& b) {
        return WordCount{a.word, a.count + b.count};
      })
      .print();
  return env.execute("outside job");
}
