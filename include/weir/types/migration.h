#pragma once

// Reading state of a type that no rule of docs/schema_evolution.md covers.

#include <tuple>
#include <vector>

#include "weir/types/serializer.h"

namespace weir {

/// Specialize it for a struct or for a type with a UserSerializer. List the older types and say how
/// a value of each becomes one of T:
///
///   template <> struct weir::Migration<Reading> {
///     using From = std::tuple<ReadingV1>;
///     static Reading migrate(const ReadingV1& old) { return {old.sensor, old.fahrenheit}; }
///   };
///
/// It applies wherever T occurs in stored values: as the type of a state, and inside of other
/// types. An older type that is stored as such wins over all other rules. migrate() must depend
/// only on its argument.
template <class T>
struct Migration {
  using From = std::tuple<>;
};

namespace detail {

template <class T, class Old>
void migrate_value(BinaryReader& in, BinaryWriter& out) {
  Old old{};
  Serializer<Old>::read(in, old);
  if (in.ok()) Serializer<T>::write(out, Migration<T>::migrate(old));
}

template <class T, class From>
struct MigrationList;
template <class T, class... Old>
struct MigrationList<T, std::tuple<Old...>> {
  static std::vector<TypeMigration> all() {
    return {TypeMigration{&Serializer<Old>::describe, &migrate_value<T, Old>}...};
  }
};
template <class T>
std::vector<TypeMigration> migrations_of() {
  return MigrationList<T, typename Migration<T>::From>::all();
}

}  // namespace detail
}  // namespace weir
