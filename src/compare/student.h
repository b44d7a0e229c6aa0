/* Student's t distribution, in doubles to about twelve digits; beyond 100,000 degrees of freedom the normal one. */
#ifndef AFMON_COMPARE_STUDENT_H
#define AFMON_COMPARE_STUDENT_H

/* How likely a value at least as far from 0 as t is, in either direction. freedom above 0, not necessarily whole. */
double afmon_student_two_sided(double t, double freedom);

/* The t of which the function above gives p, for p in (0, 1). */
double afmon_student_quantile(double p, double freedom);

#endif
