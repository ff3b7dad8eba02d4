/* The enemy of the other programs: it forgets an array, which LeakSanitizer must see. */
#include "aria_array_bridge.h"

int main(void)
{
    const int64_t shape[] = {1000};
    AriaNdArray *volatile forgotten = aria_nd_zeros_or_exit("float64", -1, 1, shape);
    forgotten = NULL;
    return forgotten != NULL;
}
