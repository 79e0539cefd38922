#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "base/testing/source_dir.h"

namespace weir {

/// A case whose results a real Flink has computed.
struct FlinkCase {
  std::string name;
  std::vector<std::string> steps;
  std::vector<std::string> expected;  ///< with the steps; results begin with '>'
};

/// Reads a file of src/api that a program of tests/compat/window-cases has written.
inline std::vector<FlinkCase> read_flink_cases(const std::string& name) {
  std::ifstream file(source_dir() + "/src/api/" + name);
  std::vector<FlinkCase> all;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("case ")) {
      all.push_back({line.substr(5), {}, {}});
    } else if (!line.empty() && !line.starts_with("#")) {
      if (!line.starts_with(">")) all.back().steps.push_back(line);
      all.back().expected.push_back(line);
    }
  }
  return all;
}

}  // namespace weir
