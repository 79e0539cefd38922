#pragma once

/// The conformance suite of FileSystem: a case for each guarantee and each code of file_system.h.
/// Include it in one source file of a test program and instantiate it there:
///     INSTANTIATE_TEST_SUITE_P(Memory, FileSystemConformance,
///     testing::Values(conformance_of("memory", [] { return … })));
/// Cases that need help from an implementation (a full disk, another user's directory) are tested
/// with the implementation.

#include "fs/testing/directory_conformance.h"
#include "fs/testing/file_conformance.h"
#include "fs/testing/publication_conformance.h"
#include "fs/testing/rename_conformance.h"

#undef EXPECT_REFUSED
#undef EXPECT_OK
