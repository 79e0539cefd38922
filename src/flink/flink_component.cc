#include "flink/flink_component.h"

const weir::FlinkComponent* weir_component_flink() {
  static constexpr weir::FlinkComponent kFlink{&weir::run_chain, &weir::submit_to_flink};
  return &kFlink;
}
