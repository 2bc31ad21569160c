# Helpers that every part of the build uses.

# rafted_sources(<variable> <folder>...): all .cpp files below the folders.
function(rafted_sources variable)
    set(patterns)
    foreach(folder IN LISTS ARGN)
        list(APPEND patterns ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
    endforeach()
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${patterns})
    set(${variable} ${found} PARENT_SCOPE)
endfunction()

# rafted_alone(<source>...): compiled by themselves whatever RAFTED_UNITY says. These are the core
# and what any patch of tests/sabotage changes: tools/sabotage compiles single sources anew, and
# neighbours that were compiled along with them would go on with what they were.
function(rafted_alone)
    file(GLOB patches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/sabotage/*.patch)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${patches})
    set(alone ${ARGN})
    foreach(patch IN LISTS patches)
        file(STRINGS ${patch} changed REGEX "^--- a/.*\\.cpp$")
        list(TRANSFORM changed REPLACE "^--- a/" "${PROJECT_SOURCE_DIR}/")
        list(APPEND alone ${changed})
    endforeach()
    list(REMOVE_DUPLICATES alone)
    set_source_files_properties(${alone} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# rafted_setup(<target>): our options, and the inside as private include folder.
function(rafted_setup target)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:rafted_options>)
    set_target_properties(${target} PROPERTIES
        UNITY_BUILD ${RAFTED_UNITY} UNITY_BUILD_BATCH_SIZE 8)
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
        target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src)
    endif()
endfunction()

# rafted_script_test(<label> <name> COMMAND ...): a ctest test that is a command of its own.
function(rafted_script_test label name)
    cmake_parse_arguments(PARSE_ARGV 2 arg "FULL" "TIMEOUT" "COMMAND")
    set(when)
    if(arg_FULL)
        set(when CONFIGURATIONS Full)
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 600)
    endif()
    add_test(NAME ${label}.${name} ${when} COMMAND ${arg_COMMAND}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(${label}.${name} PROPERTIES
        LABELS ${label} TIMEOUT ${arg_TIMEOUT} RUN_SERIAL TRUE)
endfunction()
