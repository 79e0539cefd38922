#pragma once

#include "flink/chain_process.h"
#include "flink/submission.h"

namespace weir {

struct FlinkComponent {
  decltype(&::weir::run_chain) run_chain_process;
  decltype(&::weir::submit_to_flink) submit;
};

}  // namespace weir

/// weir::flink; see base/component.h.
extern "C" [[gnu::weak]] const weir::FlinkComponent* weir_component_flink();
