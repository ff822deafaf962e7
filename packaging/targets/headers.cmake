# For cross builds: Boost, nlohmann/json, spdlog, fmt and CLI11 as headers alone. This machine's packages hold the same
# headers that every target needs, beside others that no target may see (/usr/include itself): so a folder of links is
# searched and nothing else.
set(headers ${PROJECT_BINARY_DIR}/headers)
file(MAKE_DIRECTORY ${headers})
foreach(library boost nlohmann spdlog fmt CLI)
  if(NOT EXISTS /usr/include/${library})
    message(FATAL_ERROR "/usr/include/${library} is missing; packaging/setup/debian.sh windows installs it")
  endif()
  file(CREATE_LINK /usr/include/${library} ${headers}/${library} SYMBOLIC)
endforeach()
# Linux' tracing probes, if they are there: headers that are the same for every processor.
if(CMAKE_SYSTEM_NAME STREQUAL Linux)
  file(GLOB probes /usr/include/sys/sdt.h /usr/include/sys/sdt-config.h /usr/include/*/sys/sdt.h /usr/include/*/sys/sdt-config.h)
  file(MAKE_DIRECTORY ${headers}/sys)
  foreach(header ${probes})
    get_filename_component(name ${header} NAME)
    file(CREATE_LINK ${header} ${headers}/sys/${name} SYMBOLIC)
  endforeach()
endif()

add_library(mercury_headers INTERFACE)
target_include_directories(mercury_headers SYSTEM INTERFACE ${headers})
target_compile_definitions(mercury_headers INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
foreach(name Boost::headers spdlog::spdlog nlohmann_json::nlohmann_json CLI11::CLI11)
  add_library(${name} INTERFACE IMPORTED)
  target_link_libraries(${name} INTERFACE mercury_headers)
endforeach()
