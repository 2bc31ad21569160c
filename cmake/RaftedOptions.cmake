# Compiler options for every target of this repository: language, warnings, sanitizers, hardening.
# Users of the library inherit none of them but the language level.

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)

if(PROJECT_IS_TOP_LEVEL)
    set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
    set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
    find_program(RAFTED_CCACHE ccache)
    if(RAFTED_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${RAFTED_CCACHE})
    endif()
endif()

# A compiler this tree has not been tried with may know warnings that nobody has seen yet; they
# must not keep a user from building. The ones we build with must stay silent.
set(rafted_werror_default OFF)
if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID MATCHES "^(GNU|Clang)$")
    string(REGEX MATCH "^[0-9]+" rafted_compiler_major ${CMAKE_CXX_COMPILER_VERSION})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND rafted_compiler_major EQUAL 12)
        set(rafted_werror_default ON)
    elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND rafted_compiler_major EQUAL 19)
        set(rafted_werror_default ON)
    endif()
endif()
option(RAFTED_WERROR "Warnings are errors" ${rafted_werror_default})

set(rafted_is_gcc12
    $<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>)
add_library(rafted_options INTERFACE)
target_compile_options(rafted_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    $<$<BOOL:${RAFTED_WERROR}>:-Werror>
    # g++ 12 sees overlaps inside the standard library's own strings (its bug 105651), and with -O3
    # overflows inside its vectors.
    $<${rafted_is_gcc12}:-Wno-restrict>
    $<${rafted_is_gcc12}:-Wno-stringop-overflow>
    # A class of one source may hold what its unnamed namespace has; of several compiled as one, g++
    # takes it for a class of a header.
    $<$<AND:$<BOOL:${RAFTED_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>
    # clang minds a local name that hides one of a neighbour; each source by itself g++ looks after.
    $<$<AND:$<BOOL:${RAFTED_UNITY}>,$<CXX_COMPILER_ID:Clang>>:-Wno-shadow>)
target_compile_definitions(rafted_options INTERFACE
    RAFTED_VERSION="${PROJECT_VERSION}"
    BOOST_ASIO_NO_DEPRECATED
    $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
target_compile_options(rafted_options INTERFACE
    $<$<CONFIG:Release>:-fstack-protector-strong;-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>
    $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
target_link_options(rafted_options INTERFACE $<$<CONFIG:Release>:-Wl,-z,relro,-z,now>)

if(RAFTED_SANITIZE)
    target_compile_options(rafted_options INTERFACE
        -fsanitize=${RAFTED_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(rafted_options INTERFACE -fsanitize=${RAFTED_SANITIZE})
endif()
