// mercuryctl. All it does is in cli/run.h; this is where the process begins.
#include <iostream>

#include "cli/run.h"

#ifndef MERCURY_VERSION
#error "MERCURY_VERSION is defined by CMake from the version of the project"
#endif

int main(int argc, char** argv) {
  return mercury::cli::run(argc, argv, std::cin, std::cout, std::cerr, mercury::cli::this_world(MERCURY_VERSION));
}
