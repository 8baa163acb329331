"""The pool of words that a world draws its vocabulary from: common English words that belong together."""

from __future__ import annotations

TOPICS = tuple(
    tuple(line.split())
    for line in """
ship sail harbor wave captain anchor storm rope deck island sailor drift coast mast cargo flood
doctor nurse hospital patient needle blood fever bed pill pain surgeon cough heal wound clinic bandage
guitar piano song drum singer stage concert band melody loud violin chorus rhythm audience trumpet dance
garden flower tree dig plant seed water grass leaf soil rose shovel bloom bush lawn fence
train station ticket rail engine bridge tunnel travel bag late platform wagon conductor luggage depart whistle
court judge lawyer trial jury guilty crime prison law police witness verdict accuse thief innocent cell
snow mountain ski ice cold climb peak sled glove valley glacier slope avalanche freeze hut cliff
market sell buy price coin basket fruit fish shop bargain customer stall wallet cheap scale banana
oven bread bake flour butter cake sugar recipe spoon bowl stir pepper soup kitchen plate taste
football goal team coach stadium player kick score match league referee pitch defend trophy sprint whistle
school teacher pupil lesson chalk desk exam homework classroom essay grade textbook recess library spell learn
computer screen keyboard software program network file password click download server code printer laptop robot data
horse saddle stable ride gallop hay barn cow farmer tractor sheep wool pig plough field harvest
planet star moon rocket orbit telescope astronaut comet galaxy launch gravity satellite mars crater cosmic shuttle
wedding bride groom ring church bouquet priest veil guest toast marry cousin gift aunt uncle grandmother
house roof wall brick window door carpenter hammer nail ladder paint plank drill basement chimney plaster
army soldier war general tank battle rifle enemy trench uniform march siege bomb medal retreat fortress
dog cat puppy leash bark tail kitten paw collar fetch bone whisker veterinarian parrot cage hamster
airplane pilot airport runway wing passenger flight landing cockpit turbulence parachute helicopter hangar jet altitude
bank loan money debt credit account interest broker stock invest profit salary tax insurance vault cash
theater actor curtain script rehearse director costume comedy tragedy applause scene audition ballet playwright mask
river boat paddle canoe stream bank trout waterfall dam raft swim current fishing bait otter pond
coat shirt trousers button wool sew tailor thread silk dress shoe lace zipper fashion scarf cotton
election vote senator president campaign party debate speech ballot parliament minister mayor policy reform congress
""".strip().splitlines()
)
GENERAL = tuple(
    """
thing time day people man woman way friend place night morning story idea moment question answer problem reason name
hand head face voice room street town city world life year week hour minute family child mother father brother sister
""".split()
)
FUNCTION = tuple(
    """
the a and then it was in on with of so but they he she we i you that this were had to for as at by from or not no if
when who what there here all some any my your his her our their me him them us be been is are do did would could will
""".split()
)
