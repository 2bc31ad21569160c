# One program per folder of tests/, each of its tests a ctest test "folder.Suite.Name" with the
# folder as label; and the tests that are scripts. "full" tests only run with ctest -C Full.

find_package(GTest REQUIRED)
find_package(rapidcheck REQUIRED)
find_program(RAFTED_PYTHON python3 REQUIRED)
include(GoogleTest)

set(RAFTED_TIMEOUT_FACTOR 1 CACHE STRING "How much slower than release the tests may be")
math(EXPR test_timeout "120 * ${RAFTED_TIMEOUT_FACTOR}")
math(EXPR long_timeout "600 * ${RAFTED_TIMEOUT_FACTOR}")

add_library(rafted_test_base INTERFACE)
target_include_directories(rafted_test_base INTERFACE ${PROJECT_SOURCE_DIR}/tests)
target_compile_definitions(rafted_test_base INTERFACE
    RAFTED_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    RAFTED_BINARY="${PROJECT_BINARY_DIR}/bin/rafted")
target_link_libraries(rafted_test_base INTERFACE
    rafted_sim rafted_inside GTest::gtest GTest::gmock rapidcheck)

rafted_sources(support_sources tests/support)
if(support_sources)
    add_library(rafted_test_support STATIC ${support_sources})
    rafted_setup(rafted_test_support)
    target_link_libraries(rafted_test_support PUBLIC rafted_test_base)
endif()

# The layer that live tests load under the real binary. Its calls bear the system's own names, which
# fortified headers do not let one define; sanitizers have calls of these names in the binary.
if(NOT RAFTED_SANITIZE)
    rafted_sources(fault_sources tests/faults)
    add_library(rafted_faults SHARED ${fault_sources})
    rafted_setup(rafted_faults)
    target_compile_features(rafted_faults PRIVATE cxx_std_23)
    set_source_files_properties(${fault_sources} PROPERTIES COMPILE_OPTIONS -U_FORTIFY_SOURCE)
    target_link_libraries(rafted_faults PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
endif()

foreach(folder unit paper script contract sim disk live)
    rafted_sources(test_sources tests/${folder})
    if(RAFTED_SANITIZE)
        list(FILTER test_sources EXCLUDE REGEX "tests/live/faults/")
    endif()
    if(NOT test_sources)
        continue()
    endif()
    add_executable(test_${folder} ${test_sources})
    rafted_setup(test_${folder})
    # What is tested is optimised; the tests themselves are compiled a fifth faster like this.
    target_compile_options(test_${folder} PRIVATE $<$<CONFIG:Release>:-O1;-g0>)
    target_link_libraries(test_${folder} PRIVATE
        $<TARGET_NAME_IF_EXISTS:rafted_test_support> rafted_test_base GTest::gtest_main)
    set(properties LABELS ${folder} TIMEOUT ${test_timeout})
    if(folder MATCHES "sim|live|disk")
        set(properties LABELS ${folder} TIMEOUT ${long_timeout})
    endif()
    if(folder STREQUAL "live")
        list(APPEND properties RUN_SERIAL TRUE)
        if(TARGET rafted_app)
            add_dependencies(test_live rafted_app)
        endif()
        if(TARGET rafted_faults)
            add_dependencies(test_live rafted_faults)
            target_compile_definitions(test_live PRIVATE
                RAFTED_FAULTS_LIBRARY="$<TARGET_FILE:rafted_faults>")
        endif()
    endif()
    gtest_discover_tests(test_${folder}
        TEST_PREFIX ${folder}. DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES ${properties})
endforeach()

# What follows looks at the tree and at a finished build; once, in the builds that users make.
if(RAFTED_SANITIZE)
    return()
endif()

# The style, and the proof that the style checker sees what it should.
rafted_script_test(tidy tree COMMAND ${RAFTED_PYTHON} tools/tidy)
rafted_script_test(tidy self COMMAND ${RAFTED_PYTHON} tools/tidy --self-test)

# What is printed in the documents is compiled.
rafted_script_test(docs snippets COMMAND ${RAFTED_PYTHON} tests/docs/snippets.py
    ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER})

# The installed package, used from outside the tree in both ways.
if(RAFTED_INSTALL)
    foreach(step install cmake pkgconfig relocated)
        rafted_script_test(package ${step}
            COMMAND tests/package/check ${step} ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER})
        set_tests_properties(package.${step} PROPERTIES FIXTURES_REQUIRED package)
    endforeach()
    set_tests_properties(package.install PROPERTIES
        FIXTURES_REQUIRED "" FIXTURES_SETUP package)
endif()

# A bad value gets one readable compile error.
rafted_script_test(compile_fail data COMMAND tests/compile_fail/check ${CMAKE_CXX_COMPILER})

# The root scripts refuse what they do not know.
rafted_script_test(commands usage COMMAND tests/commands_check)

# Many seeds of the simulated world, on all cores.
if(TARGET rafted_app)
    rafted_script_test(sim seeds TIMEOUT ${long_timeout}
        COMMAND $<TARGET_FILE:rafted_app> sim --seeds 1..1000 --stop-at-first)
    rafted_script_test(sim more_seeds FULL TIMEOUT ${long_timeout}
        COMMAND $<TARGET_FILE:rafted_app> sim --seeds 1001..10000 --stop-at-first)
endif()

# Known bugs, put back in: the simulator and the explorer find each of them. A few here, others
# every day; all of them with "full".
rafted_script_test(sabotage self COMMAND ${RAFTED_PYTHON} tools/sabotage --self-test)
if(TARGET rafted_app)
    set(sabotage ${RAFTED_PYTHON} tools/sabotage --build ${PROJECT_BINARY_DIR})
    rafted_script_test(sabotage rotating
        COMMAND ${sabotage} --quick --rotate 3 day --seeds 120 --max-seeds 400 --seconds 10
            --explore-seconds 8)
    add_test(NAME full.sabotage CONFIGURATIONS Full
        COMMAND ${sabotage} --markdown ${PROJECT_BINARY_DIR}/sabotage.md
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(full.sabotage PROPERTIES LABELS full TIMEOUT 21600 RUN_SERIAL TRUE)
endif()

# The page of a simulated run, clicked through in a headless browser.
add_executable(write_page tests/web/write_page.cpp)
rafted_setup(write_page)
target_link_libraries(write_page PRIVATE rafted_test_support)
add_test(NAME web.page CONFIGURATIONS Full
    COMMAND tools/full web $<TARGET_FILE:write_page> WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(web.page PROPERTIES LABELS web TIMEOUT 900 RUN_SERIAL TRUE)

# Fuzzing has its own build, by clang.
file(GLOB fuzz_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/*.cpp)
if(fuzz_files)
    rafted_script_test(fuzz build FULL TIMEOUT 1800 COMMAND tools/full fuzz_build)
    set_tests_properties(fuzz.build PROPERTIES FIXTURES_SETUP fuzz)
    foreach(file IN LISTS fuzz_files)
        cmake_path(GET file STEM name)
        rafted_script_test(fuzz ${name} FULL COMMAND tools/full fuzz ${name})
        set_tests_properties(fuzz.${name} PROPERTIES FIXTURES_REQUIRED fuzz)
    endforeach()
endif()

foreach(part clang asan tsan determinism coverage instructions)
    add_test(NAME full.${part} CONFIGURATIONS Full COMMAND tools/full ${part}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(full.${part} PROPERTIES LABELS full TIMEOUT 5400 RUN_SERIAL TRUE)
endforeach()
