# The two packages of scripts/package: a .deb, and a .tar.gz that unpacks anywhere.
string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME ms2m)
set(CPACK_PACKAGE_VENDOR "ms2m maintainers")
set(CPACK_PACKAGE_CONTACT "ms2m maintainers <maintainers@ms2m.io>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "live migration of stateful, message-consuming Kubernetes pods")
set(CPACK_PACKAGE_DESCRIPTION "ms2m moves a running pod to another node, with the state in its memory, while
its RabbitMQ queue goes on filling. No message is lost, processed twice or
overtaken. It runs from a terminal: no operator, no custom resource, no image
registry.")
set(CPACK_PACKAGE_FILE_NAME ms2m-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "openssh-client")
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS OFF)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/scripts/lib/package/package_stage.cmake)
include(CPack)
