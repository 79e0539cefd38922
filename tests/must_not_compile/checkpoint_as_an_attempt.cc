// expect: is not a constant expression
#include "../../src/base/ids.h"

void cancel(weir::AttemptId attempt);

void cancel_after(weir::CheckpointId checkpoint, weir::AttemptId attempt) {
#ifdef MENDED
  (void)checkpoint;
  cancel(attempt);
#else
  (void)attempt;
  cancel(checkpoint);
#endif
}
