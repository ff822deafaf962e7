# Linux on 64-bit ARM: static, with musl, so that it runs wherever the kernel does (glibc and musl systems, empty containers).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(MERCURY_TARGET aarch64-linux-musl)
include(${CMAKE_CURRENT_LIST_DIR}/zig-linux.cmake)
