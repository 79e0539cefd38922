#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

/// A client of librdkafka. Ends the program if a property is refused.
inline rd_kafka_t* client(rd_kafka_type_t type, const std::string& servers,
                          std::vector<std::pair<const char*, const char*>> properties) {
  char problem[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  properties.emplace_back("bootstrap.servers", servers.c_str());
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value, problem, sizeof problem) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", problem);
      std::exit(1);
    }
  }
  return rd_kafka_new(type, conf, problem, sizeof problem);
}
