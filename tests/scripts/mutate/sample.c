// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
// What tests/scripts/mutate.test takes apart: our own, in the style of the files that are.
static bool FillsUp(struct jug *jug, int drops)
{
	bool warm = !jug->lid && jug->heat > 3;

	WARN_ON(!jug);
	/* jug->comment = 1; stays out of it */
	if (!jug->open ||
	    jug->broken)
		return false;
	jug->drops += drops;
	jug->full = 0;
#ifdef CONFIG_SPOUT
	jug->spout = 1;
#endif
	while (jug->drops > 9) {
		spill(jug, ";");
		--jug->drops;
	}
	return warm && jug->drops == 9;
}

static void Empty(struct jug *jug)
{
	jug->level = 3;
}

#define POUR(jug, cup)				\
do {						\
	fill(cup);				\
	(jug)->full = 0;			\
} while (0)

#define COLD(jug)				\
	({					\
		int __t = 2;			\
		__t = cool(jug);		\
		__t;				\
	})
