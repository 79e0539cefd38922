#include "flink/submission.h"

namespace weir {

int submit_to_flink(const JobGraph&, const Configuration&) { return 2; }

}  // namespace weir
