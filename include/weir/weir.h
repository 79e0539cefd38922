#pragma once

// Everything that a job's author may include.

#include "weir/collect_sink.h"
#include "weir/collector.h"
#include "weir/config.h"
#include "weir/csv.h"
#include "weir/data_stream.h"
#include "weir/environment.h"
#include "weir/fields.h"
#include "weir/file_sink.h"
#include "weir/file_source.h"
#include "weir/generator_source.h"
#include "weir/keyed_stream.h"
#include "weir/print_sink.h"
#include "weir/serializer.h"
#include "weir/sink.h"
#include "weir/socket_source.h"
#include "weir/source.h"
#include "weir/types.h"
#include "weir/watermark_strategy.h"
