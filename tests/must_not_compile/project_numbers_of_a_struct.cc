// expect: project: the records have no numbered elements
#include "weir/stream/environment.h"

struct Person {
  std::string name;
  int age = 0;
  WEIR_FIELDS(Person, name, age)
};

void names(const weir::DataStream<Person>& people) {
#ifdef MENDED
  people.project(&Person::name);
#else
  people.project<0>();
#endif
}
