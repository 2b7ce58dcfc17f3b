# SPDX-License-Identifier: Apache-2.0
# Puts what the Python package reads into the wheel, as popquiz/data. In a checkout it reads conformance/ and corpus/ themselves.
if(SKBUILD)
  install(FILES conformance/requirements.tsv DESTINATION data)
  install(FILES conformance/selftest/faults.tsv DESTINATION data/selftest)
  foreach(folder cases clients profiles fixtures)
    install(DIRECTORY conformance/${folder} DESTINATION data OPTIONAL)
  endforeach()
  # What campaigns against servers begin with; targets of our own need a checkout.
  install(DIRECTORY corpus/seeds/server DESTINATION data/corpus/seeds)
  install(DIRECTORY corpus/dict DESTINATION data/corpus)
endif()
