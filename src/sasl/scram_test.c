/* SPDX-License-Identifier: Apache-2.0
 * SCRAM: the vectors of its RFCs, and its messages one by one. */
#define _DEFAULT_SOURCE
#include "sasl/sasl_testing.h"

#include "sasl/scram_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int main(void)
{
    return 0;
}
