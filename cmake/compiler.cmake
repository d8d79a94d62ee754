# The compiler's cache and a fast linker, where they are installed; without them the build is the same, only slower.
find_program(STATEPROOF_CCACHE ccache)
find_program(STATEPROOF_MOLD mold)
mark_as_advanced(STATEPROOF_CCACHE STATEPROOF_MOLD)

# A build folder may remember a launcher that knew nothing of precompiled headers.
if(STATEPROOF_CCACHE AND (NOT CMAKE_CXX_COMPILER_LAUNCHER OR CMAKE_CXX_COMPILER_LAUNCHER MATCHES ccache))
  # A clone in another folder finds what this one compiled. Precompiled headers: dates and unused macros do not count.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_INODECACHE=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${STATEPROOF_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  elseif(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  endif()
endif()
if(STATEPROOF_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
