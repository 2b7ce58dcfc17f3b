/* SPDX-License-Identifier: Apache-2.0 */
#define _DEFAULT_SOURCE
#include "base/testing.h"
int main(void)
{
    return 0;
}
