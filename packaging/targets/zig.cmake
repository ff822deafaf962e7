# What the toolchain files of this folder have in common; each sets MERCURY_TARGET, zig's name of the system, before.
set(CMAKE_CXX_COMPILER ${CMAKE_CURRENT_LIST_DIR}/zig-c++)
set(CMAKE_CXX_COMPILER_TARGET ${MERCURY_TARGET})
set(CMAKE_AR ${CMAKE_CURRENT_LIST_DIR}/zig-ar)
set(CMAKE_RANLIB ${CMAKE_CURRENT_LIST_DIR}/zig-ranlib)

# -O2 and -s here too, and not with Release alone: CMake's first questions then ask for the same C++ library as the programs
# do, which is made once and takes minutes.
string(APPEND CMAKE_CXX_FLAGS_INIT " -O2 -ffunction-sections -fdata-sections")
