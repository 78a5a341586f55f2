# Run by cpack over the staged files: what Debian's policy wants otherwise than an installation by hand.
set(version ${CPACK_PACKAGE_VERSION})
if(CPACK_GENERATOR STREQUAL "DEB")
  set(usr ${CPACK_TEMPORARY_DIRECTORY}/usr)
  set(doc ${usr}/share/doc/ms2m)
  file(REMOVE ${doc}/LICENSE)  # copyright names the system's own copy
  file(MAKE_DIRECTORY ${usr}/share/zsh)
  file(RENAME ${usr}/share/zsh/site-functions ${usr}/share/zsh/vendor-completions)
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, when that is set
  file(WRITE ${doc}/changelog
       "ms2m (${version}) unstable; urgency=medium\n\n  * Version ${version}.\n\n"
       " -- ${CPACK_PACKAGE_CONTACT}  ${date}\n")
  file(GLOB command_pages ${usr}/share/man/man1/ms2m-*.1)
  execute_process(COMMAND gzip -9n ${doc}/changelog ${usr}/share/man/man1/ms2m.1 ${command_pages}
                          ${usr}/share/man/man5/ms2m-journal.5 ${usr}/share/man/man7/ms2m-protocol.7 COMMAND_ERROR_IS_FATAL ANY)
  foreach(name kubectl-ms2m kubectl_complete-ms2m)
    file(REMOVE ${usr}/share/man/man1/${name}.1)
    file(CREATE_LINK ms2m.1.gz ${usr}/share/man/man1/${name}.1.gz SYMBOLIC)
  endforeach()
else()
  file(GLOB_RECURSE binary ${CPACK_TEMPORARY_DIRECTORY}/bin/ms2m)
  execute_process(COMMAND objdump -p ${binary} OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "NEEDED +[^\n]+" needed "${headers}")
  string(REGEX REPLACE "NEEDED +" "  " needed "${needed}")
  string(REPLACE ";" "\n" needed "${needed}")
  get_filename_component(top ${binary}/../.. ABSOLUTE)
  file(WRITE ${top}/INSTALL
       "Copy bin and share to /usr/local (or put bin on PATH). The program is linked against the shared libraries of the\n"
       "distribution that it was built on, and needs them:\n\n${needed}\n\n"
       "On another distribution, where these have other versions, build it from the source.\n")
endif()
