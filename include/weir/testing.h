#pragma once

// Unit tests of a job's functions, operators, sources and sinks. Link weir::testing.

#include "weir/testing/source_test_harness.h"
#include "weir/testing/stream_test_harness.h"
#include "weir/testing/stream_test_scenario.h"
#include "weir/testing/test_record.h"
#include "weir/testing/two_stream_test_harness.h"
