#pragma once

#include <functional>

#include "weir/status.h"

namespace weir {

/// The end of blocking work, on the thread of the actor that started it: of an operator, its
/// subtask's thread. May use the actor, and must not block. Null: nothing remains to be done. Does
/// not run if the actor has ended meanwhile.
using Continuation = std::function<void()>;

/// Work that may block, such as a request to storage. Runs once, on a thread of an executor for
/// blocking work (the I/O pool), never on that of the actor that starts it. So it must not touch
/// the actor: it owns or shares what it uses, and returns its result in the continuation. It has no
/// status of its own, because only the continuation can act on one. An exception from work that an
/// operator starts, or from its continuation, fails the task with the operator's name. Work of the
/// engine itself throws nothing.
using BlockingWork = std::function<Continuation()>;

/// Work that may block and must succeed before the subtask acknowledges a checkpoint, such as
/// closing a file. Runs once, on the I/O pool, in the order in which it was added, unless the
/// checkpoint is aborted before. If its status is an error or it throws, the checkpoint is declined
/// and the work that was added after it does not run.
using WorkBeforeAck = std::function<Status()>;

}  // namespace weir
