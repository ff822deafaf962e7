# What the two Linux targets have in common.
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
# spdlog says stat64, which musl offers on request only.
string(APPEND CMAKE_CXX_FLAGS_INIT " -D_LARGEFILE64_SOURCE")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -s -Wl,--gc-sections")
