# Windows 10 and later on 64-bit ARM.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR ARM64)
set(MERCURY_TARGET aarch64-windows-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/zig.cmake)
set(CMAKE_RC_COMPILER ${CMAKE_CURRENT_LIST_DIR}/zig-rc)
# zig says _WIN32_WINNT itself, in other letters.
string(APPEND CMAKE_CXX_FLAGS_INIT " -Wno-macro-redefined")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -s -Wl,--gc-sections")
