# One libFuzzer program per file of tests/fuzz/, with its corpus in tests/fuzz/corpus/NAME.

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "The fuzz targets need clang: configure with 'cmake --preset fuzz'")
endif()
file(GLOB fuzz_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
foreach(file IN LISTS fuzz_files)
    cmake_path(GET file STEM name)
    add_executable(fuzz_${name} ${file})
    rafted_setup(fuzz_${name})
    target_include_directories(fuzz_${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
    target_link_libraries(fuzz_${name} PRIVATE rafted_inside)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()
