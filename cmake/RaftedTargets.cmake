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
