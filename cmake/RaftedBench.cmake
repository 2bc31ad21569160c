# One program per file of bench/. Some bring their own main; the others are Google Benchmark
# programs. Each must at least run (the load apart, which runs for seconds): that is a test, its
# figures are not.

file(GLOB bench_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.cpp)
if(bench_files)
    find_package(benchmark REQUIRED)
endif()
foreach(file IN LISTS bench_files)
    cmake_path(GET file STEM name)
    add_executable(bench_${name} ${file})
    rafted_setup(bench_${name})
    target_link_libraries(bench_${name} PRIVATE rafted_inside)
    if(name MATCHES "^(disk|snapshot)_bench$")
        if(RAFTED_TESTS)
            rafted_script_test(bench ${name} TIMEOUT 120
                COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch $<TARGET_FILE:bench_${name}>)
        endif()
    elseif(NOT name MATCHES "^load")
        if(name STREQUAL "stages")
            target_link_libraries(bench_${name} PRIVATE benchmark::benchmark)
        else()
            target_link_libraries(bench_${name} PRIVATE benchmark::benchmark_main)
        endif()
        if(RAFTED_TESTS)
            rafted_script_test(bench ${name} TIMEOUT 120
                COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch
                        $<TARGET_FILE:bench_${name}> --benchmark_min_time=0.01)
        endif()
    endif()
endforeach()

# How often the stages of a command's way ask for memory, against the table.
if(RAFTED_TESTS AND TARGET bench_stages)
    rafted_script_test(bench allocations TIMEOUT 120
        COMMAND ${PROJECT_SOURCE_DIR}/bench/count --allocations
                --program $<TARGET_FILE:bench_stages>)
endif()

# The comparison with peers, without any of them.
if(RAFTED_TESTS AND TARGET bench_load)
    rafted_script_test(bench side_by_side TIMEOUT 120
        COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch ${PROJECT_SOURCE_DIR}/bench/run
                --systems rafted --rounds 1
                --cases tcp-durable,inside-memory,tcp-query,tcp-lease,one-process
                --seconds 0.2 --json rows.json --svg plots --bin $<TARGET_FILE_DIR:bench_load>)
    rafted_script_test(bench growth TIMEOUT 120
        COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch ${PROJECT_SOURCE_DIR}/bench/scale
                --series members,entries --most 1000 --rounds 1 --seconds 0.2 --json rows.json
                --svg plots --program $<TARGET_FILE:bench_load>)
endif()
