# One program per example, examples/NAME.cpp or examples/NAME/main.cpp. Each must end by itself
# with code 0 when run without arguments or terminal; that is a test.

file(GLOB example_files CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/examples/*.cpp ${PROJECT_SOURCE_DIR}/examples/*/main.cpp)
foreach(file IN LISTS example_files)
    cmake_path(GET file STEM name)
    set(sources ${file})
    if(name STREQUAL "main")
        cmake_path(GET file PARENT_PATH folder)
        cmake_path(GET folder FILENAME name)
        file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.cpp)
    endif()
    add_executable(example_${name} ${sources})
    rafted_setup(example_${name})
    target_link_libraries(example_${name} PRIVATE
        rafted::rafted $<TARGET_NAME_IF_EXISTS:rafted::sim>)
    if(RAFTED_TESTS)
        rafted_script_test(examples ${name} TIMEOUT 120
            COMMAND ${PROJECT_SOURCE_DIR}/tests/run_in_scratch $<TARGET_FILE:example_${name}>)
    endif()
endforeach()
