# One libFuzzer program per file of tests/fuzz/, with its corpus in tests/fuzz/corpus/NAME; and
# fuzz_seeds, which writes further inputs by the encoders of today (tests/fuzz/seeds).

if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "The fuzz targets need clang: configure with 'cmake --preset fuzz'")
endif()
find_package(nlohmann_json 3.10 REQUIRED)
find_package(GTest REQUIRED)

# Of the simulator only what is fuzzed or holds the files of a fuzzed directory.
rafted_sources(history_sources src/history)
add_library(rafted_fuzz_support STATIC ${history_sources} src/sim/sim_files.cpp
    tests/support/disk_workload.cpp tests/support/forged_journal.cpp
    tests/support/storage_world.cpp)
rafted_setup(rafted_fuzz_support)
target_include_directories(rafted_fuzz_support PUBLIC ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(rafted_fuzz_support
    PUBLIC rafted_inside GTest::gtest nlohmann_json::nlohmann_json)

file(GLOB fuzz_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
foreach(file IN LISTS fuzz_files)
    cmake_path(GET file STEM name)
    add_executable(fuzz_${name} ${file})
    rafted_setup(fuzz_${name})
    target_link_libraries(fuzz_${name} PRIVATE rafted_fuzz_support)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endforeach()

rafted_sources(seed_sources tests/fuzz/seeds)
add_executable(fuzz_seeds ${seed_sources})
rafted_setup(fuzz_seeds)
target_link_libraries(fuzz_seeds PRIVATE rafted_fuzz_support)
