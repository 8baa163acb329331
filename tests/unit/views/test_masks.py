"""A and B as masks on one cortex: every area is told apart, in colours and in words."""

from hypothesis import given
from hypothesis import strategies as st

from fmri2ges.brain.atlas import load_atlas
from fmri2ges.views.masks import BOTH, areas_text, legend_html, mask_colours, mask_of, masks_text, parts_of
from fmri2ges.views.tracks import COLOURS

AREAS = load_atlas().areas
choices = st.sets(st.sampled_from(AREAS), min_size=1, max_size=40)


def drawn(colours):
    """Area -> its colour and line, as the browser reads them (colours.js)."""
    width = 1 if len(colours.entries) <= 35 else 2
    found = {}
    for k, area in enumerate(AREAS):
        at = width * k % len(colours.which)
        number = int(colours.which[at : at + width], 36)
        if number < len(colours.entries):
            entry = colours.entries[number]
            found[area] = ("#" + entry[:6], entry[8:])
    return found


@given(choices, choices)
def test_every_area_has_the_colour_of_its_masks_and_says_them(first, second):
    masks = [mask_of("A", "one", "#0072B2", first), mask_of("B", "two", "#009E73", second)]
    found = drawn(mask_colours(parts_of(masks)))
    expected = {area: ("#0072b2", "in A") for area in first - second}
    expected |= {area: ("#009e73", "in B") for area in second - first}
    expected |= {area: (BOTH.lower(), "in A and B") for area in first & second}
    assert found == expected


@given(choices)
def test_words_name_each_area_once(chosen):
    """Read back, they are the choice."""
    read = set()
    for name in areas_text(chosen).split(", "):
        area, _, side = name.rpartition(" ") if name.endswith((" left", " right")) else (name, "", "")
        read |= {f"{letter}_{area}" for letter in {"left": "L", "right": "R"}.get(side, "LR")}
    assert read == chosen


def test_one_choice_is_one_part_and_many_areas_are_a_number():
    (part,) = parts_of([mask_of("", "the whole cortex", "#0072B2", ("all",))])
    assert masks_text([part]).endswith("Chosen: 360 areas.") and areas_text([]) == "no area"
    assert set(drawn(mask_colours([part])).values()) == {("#0072b2", "")}
    assert "<b>the whole cortex</b> 360 areas" in legend_html([part])


def test_the_legend_tells_all_areas_of_each_and_those_of_both_and_escapes_names():
    masks = [mask_of("A", "<b>", "#0072B2", ("L_44", "L_45")), mask_of("B", "two", "#009E73", ("L_45",))]
    html = legend_html(masks)
    assert "<b>A: &lt;b&gt;</b> 2 areas" in html and "<b>B: two</b> 1 area<" in html
    assert 'title="45 left"' in html and "<b>A and B: in both</b> 1 area<" in html


def test_the_colour_of_both_is_no_tracks():
    assert BOTH not in COLOURS.values()
