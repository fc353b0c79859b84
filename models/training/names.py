"""Which emoji become objects of the scenes, and what they are called in captions."""

# Groups and subgroups of Unicode's emoji, and how often their objects are drawn against the others.
SUBGROUPS = {
    "animal-mammal": 3, "animal-bird": 3, "animal-amphibian": 3, "animal-reptile": 3, "animal-marine": 3, "animal-bug": 2,
    "plant-flower": 3, "plant-other": 2, "food-fruit": 5, "food-vegetable": 3, "food-prepared": 2, "food-asian": 1,
    "food-sweet": 2, "drink": 3, "dishware": 1, "place-building": 2, "place-geographic": 1, "place-other": 1, "place-religious": 1,
    "transport-ground": 2, "transport-water": 3, "transport-air": 2, "hotel": 1, "sky-weather": 1, "time": 1, "event": 1, "award-medal": 1,
    "sport": 1, "game": 1, "arts-crafts": 1, "clothing": 2, "musical-instrument": 2, "music": 1, "phone": 1, "computer": 1,
    "light-video": 1, "book-paper": 1, "money": 1, "mail": 1, "writing": 1, "office": 1, "lock": 1, "tool": 1.5, "science": 1, "medical": 1,
    "household": 1.5, "sound": 1, "other-object": 0.5, "heart": 1, "face-costume": 1.5, "person": 1, "person-role": 1, "person-fantasy": 1,
    "body-parts": 0.7, "face-smiling": 0.3, "face-affection": 0.3, "face-concerned": 0.2, "face-glasses": 0.5, "face-hat": 0.5,
    "face-negative": 0.3, "cat-face": 0.3, "monkey-face": 0.3,
}

# Not things that a caption would name, or not to be told apart.
SKIP_WORDS = (
    "o’clock", "-thirty", "moon", "facing", ": ", "globe", "map", "speaker", "mailbox", "envelope", "tray", "button", "with arrow", "chart",
    "index", "notepad", "disk", "banknote", "Japanese post", "love hotel", "department", "hearts", "man ", "woman ", "women", "men ", "Mx",
    "pregnant", "person ", "feeding", "magnifying glass tilted right", "hourglass not", "locked", "bell with", "page", "card ", "light rail",
    "with slash", "low battery", "landslide", "building construction", "foggy", "fog", "hot springs", "barber", "suspension", "tramway", "cableway",
    "airplane d", "airplane a", "station", "sari", "hair pick", "thong", "briefs", "sun behind", "wind face", "cloud with", "suit", "mahjong", "joker",
    "flower playing", "goal net", "ceremony", "tanabata", "pine decoration", "carp", "dolls", "level", "knobs", "symbol", "cigarette", "coffin", "urn", "hamsa",
    "placard", "identification", "pouring", "petri", "x-ray", "drop of", "crutch", "videocassette", "pager", "trackball", "fax", "hair", "elderly",
)

# What people say: the first is the main name, the others are used now and then.
ALIASES = {
    "teacup without handle": ["teacup", "cup of tea", "green tea"], "hot beverage": ["teacup", "cup of coffee", "cup", "mug"],
    "automobile": ["car"], "oncoming automobile": ["car"], "sport utility vehicle": ["car", "suv"], "oncoming taxi": ["taxi"], "oncoming bus": ["bus"],
    "oncoming police car": ["police car"], "dog face": ["dog"], "cat face": ["cat"], "horse face": ["horse"], "cow face": ["cow"],
    "pig face": ["pig"], "mouse face": ["mouse"], "rabbit face": ["rabbit", "bunny"], "rabbit": ["rabbit", "bunny"], "tiger face": ["tiger"],
    "monkey face": ["monkey"], "dragon face": ["dragon"], "guide dog": ["dog"], "service dog": ["dog"], "two-hump camel": ["camel"],
    "front-facing baby chick": ["chick"], "baby chick": ["chick"], "hatching chick": ["hatching chick"], "spouting whale": ["whale"],
    "lady beetle": ["ladybug", "ladybird"], "honeybee": ["bee", "honeybee"], "T-Rex": ["dinosaur", "t-rex"], "sauropod": ["dinosaur", "sauropod"],
    "ear of corn": ["corn", "ear of corn"], "spiral shell": ["shell", "seashell"], "evergreen tree": ["pine tree", "tree"],
    "deciduous tree": ["tree"], "rosette": ["rosette flower"], "blossom": ["flower", "yellow flower"], "white flower": ["white flower", "flower"],
    "bouquet": ["bouquet of flowers", "bouquet"], "wilted flower": ["wilted rose"], "sheaf of rice": ["sheaf of rice"], "red apple": ["red apple", "apple"],
    "green apple": ["green apple", "apple"], "tangerine": ["orange", "tangerine"], "kiwi fruit": ["kiwi"], "hot pepper": ["chili pepper", "red pepper"],
    "leafy green": ["lettuce"], "brown mushroom": ["mushroom"], "baguette bread": ["baguette"], "cheese wedge": ["cheese"],
    "meat on bone": ["meat"], "poultry leg": ["chicken leg"], "cut of meat": ["steak", "meat"], "hamburger": ["burger", "hamburger"],
    "shallow pan of food": ["paella"], "pot of food": ["pot of stew"], "cooking": ["fried egg"], "green salad": ["salad"], "steaming bowl": ["noodles", "bowl of noodles"],
    "cooked rice": ["bowl of rice", "rice"], "soft ice cream": ["ice cream cone", "ice cream"], "doughnut": ["donut", "doughnut"], "birthday cake": ["cake", "birthday cake"],
    "shortcake": ["cake", "slice of cake"], "glass of milk": ["glass of milk", "milk"], "bottle with popping cork": ["bottle of champagne", "bottle"],
    "wine glass": ["glass of wine", "wine glass"], "beer mug": ["beer", "mug of beer"], "clinking beer mugs": ["two beers"], "tumbler glass": ["glass of whisky"],
    "cup with straw": ["soda"], "snow-capped mountain": ["snowy mountain", "mountain"], "mount fuji": ["mount fuji", "mountain"],
    "sailboat": ["sailboat", "boat"], "motor boat": ["boat", "motorboat"], "speedboat": ["speedboat", "boat"], "passenger ship": ["ship"], "ship": ["ship"],
    "fire engine": ["fire truck", "fire engine"], "articulated lorry": ["truck", "lorry"], "delivery truck": ["truck", "delivery truck"],
    "bicycle": ["bicycle", "bike"], "airplane": ["airplane", "plane"], "small airplane": ["airplane", "plane"], "locomotive": ["steam train", "train"],
    "high-speed train": ["train"], "bullet train": ["train"], "metro": ["train"], "railway car": ["railway car"], "tram car": ["tram"], "flying saucer": ["ufo", "flying saucer"],
    "mantelpiece clock": ["clock"], "alarm clock": ["alarm clock", "clock"], "hourglass done": ["hourglass"], "closed umbrella": ["umbrella"],
    "umbrella with rain drops": ["umbrella"], "umbrella on ground": ["beach umbrella", "parasol"], "sun with face": ["sun"], "high voltage": ["lightning bolt"],
    "snowman without snow": ["snowman"], "water wave": ["wave"], "glowing star": ["star"], "ringed planet": ["planet", "saturn"], "soccer ball": ["soccer ball", "football", "ball"],
    "basketball": ["basketball", "ball"], "jack-o-lantern": ["pumpkin", "jack-o-lantern"], "wrapped gift": ["gift", "present"], "game die": ["die", "dice"],
    "couch and lamp": ["sofa", "couch"], "man’s shoe": ["shoe"], "running shoe": ["sneaker", "shoe"], "woman’s sandal": ["sandal"], "woman’s boot": ["boot"],
    "woman’s hat": ["hat", "sun hat"], "woman’s clothes": ["blouse"], "billed cap": ["cap", "baseball cap"], "rescue worker’s helmet": ["helmet"], "military helmet": ["helmet"],
    "gem stone": ["diamond", "gem"], "light bulb": ["light bulb", "lamp"], "camera with flash": ["camera"], "telephone receiver": ["telephone receiver"],
    "mobile phone": ["mobile phone", "phone"], "telephone": ["telephone", "phone"], "desktop computer": ["computer"], "laptop": ["laptop", "computer"],
    "closed book": ["book"], "open book": ["open book", "book"], "green book": ["green book", "book"], "blue book": ["blue book", "book"], "orange book": ["orange book", "book"],
    "rolled-up newspaper": ["newspaper"], "studio microphone": ["microphone"], "musical keyboard": ["piano", "keyboard"], "carpentry saw": ["saw"], "old key": ["key"],
    "memo": ["notepad"], "grinning face": ["smiley", "smiling face"], "person with crown": ["king"], "cook": ["cook", "chef"], "baby angel": ["angel"], "mage": ["wizard"],
    "magnifying glass tilted left": ["magnifying glass"], "classical building": ["temple"], "house with garden": ["house"], "musical notes": ["musical notes"],
    "tropical fish": ["fish", "tropical fish"], "black bird": ["black bird", "bird"], "black cat": ["black cat", "cat"], "polar bear": ["polar bear", "bear"], "palm tree": ["palm tree", "tree"],
    "Christmas tree": ["christmas tree", "tree"], "lion": ["lion"], "see-no-evil monkey": ["monkey"], "hear-no-evil monkey": ["monkey"], "speak-no-evil monkey": ["monkey"],
    "red paper lantern": ["red lantern", "lantern"], "grapes": ["bunch of grapes", "grapes"], "cherries": ["cherries"], "pile of poo": ["poo"], "lemon": ["lemon"],
}

# Names that are said without an article, or are plural as they stand.
MASS = {"cherries", "grapes", "blueberries", "pancakes", "french fries", "noodles", "jeans", "glasses", "sunglasses", "goggles", "scissors", "socks", "gloves", "corn", "cheese",
        "milk", "bacon", "popcorn", "butter", "salt", "spaghetti", "rice", "shorts", "skis", "peanuts", "beans", "chopsticks", "broccoli", "garlic", "lettuce", "bread", "sushi",
        "ice", "fire", "wood", "clinking glasses", "fireworks", "sparkles", "books", "musical notes", "dice", "lungs", "eyes", "meat", "green tea", "chains", "soap", "yarn", "thread"}

# Things that others can sit in: "a dragon in a teacup".
CONTAINERS = {"teacup", "basket", "bucket", "shopping cart", "bathtub", "pot of stew", "bowl of rice", "package", "jar", "honey pot", "cup"}

IRREGULAR = {"mouse": "mice", "goose": "geese", "sheep": "sheep", "fish": "fish", "tropical fish": "tropical fish", "deer": "deer", "bison": "bison", "squid": "squid", "shrimp": "shrimp", "wolf": "wolves",
             "knife": "knives", "kitchen knife": "kitchen knives", "leaf": "leaves", "maple leaf": "maple leaves", "fallen leaf": "fallen leaves", "foot": "feet", "tooth": "teeth", "ox": "oxen",
             "loaf": "loaves", "child": "children", "blowfish": "blowfish", "jellyfish": "jellyfish", "scarf": "scarves", "elf": "elves"}


def plural(name):
    if name in MASS:
        return name
    if name in IRREGULAR:
        return IRREGULAR[name]
    head, of, rest = name.partition(" of ")
    if of:
        return plural(head) + of + rest
    if name.endswith(("s", "x", "ch", "sh", "z")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    if name.endswith(("tomato", "potato", "mango")):
        return name + "es"
    return name + "s"


def article(phrase):
    return ("an " if phrase[0] in "aeiou" and not phrase.startswith(("uni", "one", "euro", "ufo")) else "a ") + phrase
