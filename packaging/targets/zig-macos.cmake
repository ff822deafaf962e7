# What the two macOS targets have in common.
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
# CMake insists on the tool, and needs it only to install shared libraries, of which there are none.
set(CMAKE_INSTALL_NAME_TOOL /bin/false)
# -s leaves the names of functions in the file, a quarter of it; -x takes those away.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-s -Wl,-dead_strip,-x")
