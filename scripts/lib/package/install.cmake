# What `cmake --install` puts where, and the two packages. Included by the top CMakeLists.txt.
set(MS2M_ZSH_COMPLETIONS ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING "Where zsh looks for completions")

# kubectl finds plug-ins on PATH by their names: `kubectl ms2m`, and kubectl_complete-ms2m for its completion.
set(generated ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${generated})
file(CREATE_LINK ms2m ${generated}/kubectl-ms2m SYMBOLIC)
foreach(name kubectl-ms2m kubectl_complete-ms2m)
  file(CREATE_LINK ms2m.1 ${generated}/${name}.1 SYMBOLIC)
endforeach()
install(FILES ${generated}/kubectl-ms2m TYPE BIN)
install(PROGRAMS scripts/lib/package/kubectl_complete-ms2m TYPE BIN)
install(FILES man/ms2m.1 ${generated}/kubectl-ms2m.1 ${generated}/kubectl_complete-ms2m.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES man/ms2m-journal.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES man/ms2m-protocol.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)

# The scripts are what the program itself prints.
foreach(shell bash zsh fish)
  add_custom_command(OUTPUT ${generated}/ms2m.${shell} DEPENDS ms2m VERBATIM
                     COMMAND sh -c "\"$1\" completion \"$2\" >\"$3\"" sh $<TARGET_FILE:ms2m> ${shell} ${generated}/ms2m.${shell})
  list(APPEND completions ${generated}/ms2m.${shell})
endforeach()
add_custom_target(ms2m_completions ALL DEPENDS ${completions})
# So are the manual pages of the single commands, as far as the manual does not say it.
add_custom_command(OUTPUT ${generated}/man1/ms2m-migrate.1 VERBATIM
                   DEPENDS ms2m ${CMAKE_SOURCE_DIR}/man/ms2m.1 ${CMAKE_SOURCE_DIR}/scripts/lib/package/command_pages
                   COMMAND ${CMAKE_SOURCE_DIR}/scripts/lib/package/command_pages $<TARGET_FILE:ms2m> ${CMAKE_SOURCE_DIR}/man/ms2m.1
                           ${generated}/man1)
add_custom_target(ms2m_command_pages ALL DEPENDS ${generated}/man1/ms2m-migrate.1)
install(DIRECTORY ${generated}/man1/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${generated}/ms2m.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME ms2m)
install(FILES ${generated}/ms2m.zsh DESTINATION ${MS2M_ZSH_COMPLETIONS} RENAME _ms2m)
install(FILES ${generated}/ms2m.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

install(FILES README.md LICENSE scripts/lib/package/copyright TYPE DOC)
install(DIRECTORY examples TYPE DOC PATTERN __pycache__ EXCLUDE PATTERN "*.pyc" EXCLUDE)
