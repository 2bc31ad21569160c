# One program per file of bench/. Files named load* bring their own main; the others are Google
# Benchmark programs, and each must at least run: that is a test, its figures are not.

file(GLOB bench_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
if(bench_files)
    find_package(benchmark REQUIRED)
endif()
foreach(file IN LISTS bench_files)
    cmake_path(GET file STEM name)
    add_executable(bench_${name} ${file})
    rafted_setup(bench_${name})
    target_link_libraries(bench_${name} PRIVATE rafted_inside)
    if(NOT name MATCHES "^load")
        target_link_libraries(bench_${name} PRIVATE benchmark::benchmark_main)
        if(RAFTED_TESTS)
            rafted_script_test(bench ${name} TIMEOUT 120
                COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch
                        $<TARGET_FILE:bench_${name}> --benchmark_min_time=0.01)
        endif()
    endif()
endforeach()
