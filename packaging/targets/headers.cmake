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

add_library(mercury_headers INTERFACE)
target_include_directories(mercury_headers SYSTEM INTERFACE ${headers})
target_compile_definitions(mercury_headers INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY)
foreach(name Boost::headers spdlog::spdlog nlohmann_json::nlohmann_json CLI11::CLI11)
  add_library(${name} INTERFACE IMPORTED)
  target_link_libraries(${name} INTERFACE mercury_headers)
endforeach()
