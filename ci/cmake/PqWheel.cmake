# SPDX-License-Identifier: Apache-2.0
# Puts what the Python package reads into the wheel, as popquiz/data. In a checkout it reads conformance/ itself.
if(SKBUILD)
  install(FILES conformance/requirements.tsv DESTINATION data)
  install(FILES conformance/selftest/faults.tsv DESTINATION data/selftest)
  foreach(folder cases clients profiles fixtures)
    install(DIRECTORY conformance/${folder} DESTINATION data OPTIONAL)
  endforeach()
endif()
