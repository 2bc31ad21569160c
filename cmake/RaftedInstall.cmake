# What `cmake --install` gives: headers, libraries, packages for CMake and pkg-config, binary,
# licence.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/rafted)

set(libraries rafted)
if(TARGET rafted_sim)
    list(APPEND libraries rafted_sim)
endif()
install(TARGETS ${libraries} EXPORT rafted ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/rafted DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.hpp")
install(EXPORT rafted NAMESPACE rafted:: FILE rafted-targets.cmake DESTINATION ${package_dir})

configure_package_config_file(cmake/rafted-config.cmake.in rafted-config.cmake
    INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break its users.
write_basic_package_version_file(rafted-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/rafted-config.cmake
    ${PROJECT_BINARY_DIR}/rafted-config-version.cmake cmake/Findzstd.cmake
    DESTINATION ${package_dir})

file(RELATIVE_PATH pkgconfig_prefix
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pkgconfig_files rafted.pc)
if(TARGET rafted_sim)
    list(APPEND pkgconfig_files rafted-sim.pc)
endif()
foreach(file IN LISTS pkgconfig_files)
    configure_file(cmake/${file}.in ${file} @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${file} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

if(TARGET rafted_app)
    install(TARGETS rafted_app RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
