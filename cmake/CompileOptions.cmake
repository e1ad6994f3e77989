include_guard(GLOBAL)
add_library(homeostat_options INTERFACE)
target_compile_options(homeostat_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch-enum
  -Wno-missing-field-initializers    # g++ 12 warns of members that designated initializers leave to their default
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>   # of libstdc++ 12's own std::stable_sort
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>  # g++ 12 takes Asio's coroutine frames for it at -O2
  -ffp-contract=off)                 # same bits on x86-64 and AArch64
option(HOMEOSTAT_WERROR "Treat warnings as errors" ON)
if(HOMEOSTAT_WERROR)
  target_compile_options(homeostat_options INTERFACE -Werror)
endif()
set(HOMEOSTAT_SANITIZE "" CACHE STRING "address;undefined | thread | empty")
if(HOMEOSTAT_SANITIZE)
  list(JOIN HOMEOSTAT_SANITIZE "," sanitizers)
  target_compile_options(homeostat_options INTERFACE
    -fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(homeostat_options INTERFACE -fsanitize=${sanitizers})
  if("thread" IN_LIST HOMEOSTAT_SANITIZE)   # Asio's fences, which ThreadSanitizer cannot see, give way to atomics
    target_compile_definitions(homeostat_options INTERFACE
      BOOST_ASIO_DISABLE_STD_ATOMIC BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
