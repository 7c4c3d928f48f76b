"""What the offline judge knows about English: function words, plain words, irregular forms, synonyms, opposites.

Must not know any question bank: everything here is general vocabulary, written by hand.
"""

FILLERS = frozenset("uh um erm er ah oh hmm mm eh okay ok well yeah yep".split())

DETERMINERS = frozenset("a an the this that these those my your his her its our their".split())
PREPOSITIONS = frozenset(
    "of in on at by for with from into onto to as about over under between among through during across via per "
    "upon within toward towards inside outside up down out off around along against".split()
)
AUXILIARIES = frozenset(
    "is are was were be been being am do does did done doing has have had having can could will would shall should "
    "may might must 's 're 've 'll 'd 'm gets get got".split()
)
PRONOUNS = frozenset(
    "i you he she it we they me him us them myself yourself itself themselves one's someone something anyone "
    "anything everyone everything somebody anybody people there here who whom whose".split()
)
CONJUNCTIONS = frozenset(
    "and or but so because if then than when while whereas although though since unless".split()
)
WH_WORDS = frozenset("what which why how where whether".split())
SMALL_TALK = frozenset(
    "just really very quite rather pretty actually basically essentially literally simply kind sort like say said "
    "know think guess mean maybe perhaps probably also too even still now some any such etc yes sure right thing "
    "things stuff lot lots way ways bit let's let example instance "
    "firstly secondly thirdly finally another again already almost else ever however therefore thus hence "
    "gonna wanna going".split()
)
NEGATORS = frozenset("not no never neither nor none nobody nothing without cannot n't hardly rarely barely".split())

FUNCTION_WORDS = (
    DETERMINERS | PREPOSITIONS | AUXILIARIES | PRONOUNS | CONJUNCTIONS | WH_WORDS | SMALL_TALK | FILLERS | NEGATORS
)

PLAIN_WORDS = frozenset(
    "first second third "
    "use used uses using make makes made need needs want go goes come comes take takes give gives "
    "put puts find look "
    "looks seem become becomes try happen happens work works help helps mean means call called show tell ask keep "
    "keeps let begin turn leave feel bring hold write provide provides allow allows enable lets set sets run runs "
    "part parts number numbers kind type types form point points place case cases time times day "
    "year people person "
    "man world life hand fact group problem question answer reason result results idea value values "
    "name names area "
    "good bad new old great big small large long little high low own other others different same "
    "able whole certain "
    "important possible main specific particular given common general more most many much few less "
    "least each every "
    "all both one two three four five six several only always often usually before after until next last once "
    "together back away since change changes different easy hard simple better best thus amount level side end "
    "occur occurs contain contains include includes involve require requires cause causes relate based due order "
    "single multiple system data information program computer user code object item items cannot every anything "
    "state process various certain actual current original result total multiple typically normally generally "
    "become get getting without instead rather per sure know known say see seen think".split()
)
"""Words that say little on their own; they weigh half."""

IRREGULAR = {
    form: base
    for line in (
        "be:is are was were been being am;have:has had having;do:does did done doing;go:goes went "
        "gone;run:ran running;"
        "send:sent;write:wrote written writing;read:reading;take:took taken taking;give:gave given "
        "giving;make:made;"
        "keep:kept;hold:held;find:found;lose:lost losing;build:built;begin:began begun "
        "beginning;break:broke broken;"
        "bring:brought;catch:caught;choose:chose chosen choosing;come:came coming;know:knew known;lead:led;"
        "mean:meant;pay:paid;put:putting;rise:rose risen rising;see:saw "
        "seen;sell:sold;set:setting;shrink:shrank shrunk;"
        "speak:spoke "
        "spoken;spend:spent;split:splitting;spread:spreading;tell:told;think:thought;throw:threw thrown;"
        "understand:understood;wake:woke woken;wear:wore worn;win:won;freeze:froze frozen freezing;grow:grew grown;"
        "fall:fell fallen;feel:felt;fly:flew flown;get:got gotten;hide:hid hidden;draw:drew "
        "drawn;drive:drove driven;"
        "eat:ate eaten;fight:fought;forget:forgot forgotten;sink:sank sunk;stick:stuck;swim:swam "
        "swum;tear:tore torn;"
        "child:children;person:people;foot:feet;tooth:teeth;mouse:mice;leaf:leaves;half:halves;"
        "life:lives;index:indices indexes;vertex:vertices;matrix:matrices;datum:data;"
        "analysis:analyses;hypothesis:hypotheses;nucleus:nuclei;"
        "bacterium:bacteria;good:better best;bad:worse worst;far:farther further;die:died dying "
        "dies;lie:lying lain;"
        "tie:tied tying;use:used using uses;bind:bound;feed:fed;melt:molten;burn:burnt;bend:bent;lend:lent;sit:sat;"
        "stand:stood;teach:taught;sleep:slept;shoot:shot;shine:shone;steal:stole "
        "stolen;meet:met;buy:bought;cut:cutting;"
        "speed:sped;high:higher highest;low:lower lowest;fast:faster fastest;slow:slower "
        "slowest;heat:heating heated;"
        "large:larger largest;small:smaller smallest;big:bigger biggest;cheap:cheaper cheapest;"
        "process:processes processing processed;need:needed;string:strings;thing:things;bus:buses;gas:gases;"
        "lens:lenses;class:classes;access:accesses accessed accessing;address:addresses addressed addressing;"
        "cache:caches cached caching;evaporate:evaporation;string:strings"
    ).split(";")
    for base, forms in [line.split(":")]
    for form in forms.split()
}

SYNONYMS: tuple[str, ...] = (
    "use utilize utilise employ apply consume",
    "create make build produce generate construct form",
    "begin start initiate launch commence",
    "end stop finish terminate halt complete",
    "need require must necessary depend",
    "big large huge great massive",
    "small tiny little minor",
    "change modify alter mutate update edit adjust vary transform",
    "delete remove erase drop clear discard",
    "error exception fault bug mistake",
    "fail crash break die",
    "check verify validate test examine inspect confirm",
    "copy duplicate replicate clone replica",
    "keep store save hold retain preserve maintain remember",
    "same identical equal equivalent",
    "different distinct various differ",
    "simple easy straightforward",
    "hard difficult complex complicated",
    "find locate search lookup look discover",
    "get obtain fetch retrieve receive acquire",
    "send transmit transfer deliver pass",
    "move travel go transport",
    "show display indicate reveal demonstrate present",
    "happen occur arise take",
    "cause lead trigger produce result make",
    "prevent avoid stop block stave forbid",
    "protect guard secure shield defend",
    "allow let permit enable possible",
    "call invoke execute run perform",
    "execute run operate",
    "function method procedure routine subroutine",
    "variable field attribute property",
    "argument parameter input",
    "list array sequence collection",
    "dictionary dict hash map mapping",
    "string text word",
    "number integer value count amount quantity",
    "break split divide separate partition",
    "join merge combine unite connect together",
    "part piece portion section component segment bit",
    "whole entire all complete full every each",
    "only single one just sole exclusively",
    "two both pair double twice",
    "many multiple several numerous lots various",
    "together simultaneously concurrently parallel same-time",
    "wait block pause sleep",
    "return give yield",
    "reuse again repeat repeatedly reusable",
    "again retry repeat twice",
    "once one single",
    "halve half bisect",
    "size length amount volume",
    "rate speed pace frequency",
    "place location position spot site",
    "energy power",
    "heat temperature warm thermal hot",
    "cook boil fry roast bake",
    "gas vapor vapour steam",
    "liquid water fluid",
    "light bright illuminate",
    "vibrate vibration oscillate shake wobble",
    "absorb soak take",
    "release emit give discharge",
    "react respond reaction response",
    "body organism animal",
    "kill destroy die dead",
    "food nutrient meal",
    "plant tree flower",
    "earth planet globe world",
    "rock stone",
    "push force press",
    "pull attract drag",
    "measure record measurement",
    "compare contrast comparison",
    "result outcome output",
    "cost price expense expensive",
    "money cash fund",
    "customer client consumer",
    "company business firm organisation organization",
    "employee worker staff",
    "team colleague coworker group",
    "talk discuss speak communicate tell explain",
    "goal aim objective target purpose",
    "plan schedule design",
    "problem issue trouble difficulty",
    "solve fix resolve repair",
    "understand realise realize comprehend know",
    "learn lesson study",
    "help assist support aid",
    "improve better optimise optimize enhance",
    "cache store memoize",
    "server backend host machine",
    "disk drive storage",
    "memory ram",
    "network internet",
    "database db store",
    "row record tuple entry",
    "table relation",
    "query request search select",
    "lock mutex latch",
    "thread worker",
    "queue buffer line",
    "message event packet",
    "path route way",
    "loop iterate iteration repeat cycle",
    "test testing check",
    "duplicate double repeat",
    "random arbitrary",
    "compile compiler compilation",
    "link pointer reference",
    "point refer reference",
    "guarantee ensure assure promise make-sure",
    "consistent consistency same",
    "undo rollback revert roll-back",
    "commit save persist",
    "permanent durable persist survive lasting",
    "independent separate isolate own individual",
    "common share joint mutual",
    "order sequence arrange",
    "sort order arrange",
    "available accessible",
    "secret private hidden confidential",
    "signature sign",
    "encrypt cipher scramble",
    "decrease reduce lessen",
    "increase raise boost",
    "kind type sort category class",
    "job task work",
    "method approach technique way",
    "advantage benefit pro plus",
    "disadvantage drawback con downside",
    "describe explain define specify",
    "example instance",
    "container box hold",
    "air oxygen atmosphere",
    "sun sunlight solar",
    "rain rainfall precipitation",
    "electricity current electric charge",
    "circuit path",
    "battery cell",
    "terminal end node",
    "gap break open opening",
    "connect attach link join",
    "pitch tone note",
    "sound noise",
    "dissolve solution melt",
    "mix mixture stir blend",
    "sugar sweet glucose",
    "taste flavour flavor",
    "brown caramelise caramelize",
    "cut chop slice",
    "egg yolk",
)

OPPOSITES: tuple[tuple[str, str], ...] = (
    (
        "increase rise grow gain raise boost expand climb",
        "decrease fall shrink reduce lessen decline lower diminish",
    ),
    ("more greater extra additional", "less fewer"),
    ("high higher tall", "low lower short"),
    ("most maximum max highest", "least minimum min lowest"),
    ("fast quick quickly rapid speed accelerate swift", "slow slowly slowdown sluggish"),
    ("big large", "small tiny"),
    ("long longer", "short shorter brief"),
    ("strong stronger", "weak weaker"),
    ("hot warm warmer hotter heat", "cold cool cooler colder chill"),
    ("always", "never"),
    ("before earlier prior", "after afterward later"),
    ("open opened", "close closed shut"),
    ("positive plus", "negative minus"),
    ("true correct right accurate", "false wrong incorrect"),
    ("accept allow permit", "reject forbid deny refuse disallow prohibit"),
    ("add insert append attach", "remove delete detach"),
    ("start begin", "stop end finish"),
    ("easy simple", "hard difficult complex"),
    ("cheap inexpensive", "expensive costly"),
    ("light lightweight lighter", "heavy heavyweight heavier"),
    ("share shared common", "separate isolated isolate own private independent unshared"),
    ("same identical equal", "different distinct"),
    ("together joint", "apart separately alone"),
    ("success succeed successful pass", "failure fail"),
    ("enable", "disable"),
    ("safe secure", "unsafe dangerous insecure"),
    ("static fixed constant unchanged", "dynamic changing variable"),
    ("public", "private"),
    ("internal inside inner", "external outside outer"),
    ("local", "remote global"),
    ("full", "empty"),
    ("push", "pop pull"),
    ("gain absorb", "lose lost release"),
    ("attract", "repel"),
    ("synchronous blocking", "asynchronous nonblocking async"),
    ("mutable changeable modifiable", "immutable unchangeable frozen readonly constant"),
    ("keep retain", "discard drop"),
    ("wet moist", "dry"),
    ("only single sole", "many several multiple"),
    ("all every each everything", "some none only"),
    ("inside in", "outside out"),
    ("oldest older", "newest newer latest recent"),
    ("first oldest", "last newest latest recent"),
    ("thick", "thin"),
    ("above over top", "below under bottom"),
    ("forward", "backward"),
    ("near close", "far distant"),
    ("dense", "sparse"),
    ("expand", "contract shrink"),
    ("necessary required", "unnecessary optional"),
    ("connect connected", "disconnect disconnected"),
    ("work works", "fail broken"),
    ("predator", "prey"),
    ("aerobic", "anaerobic"),
    ("horizontal", "vertical"),
    ("import", "export"),
    ("inherit", "compose"),
    ("lazy lazily", "eager eagerly"),
    ("ordered sorted", "unordered unsorted"),
    ("left", "right"),
    ("client", "server"),
)

NUMBERS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "hundred": "100", "thousand": "1000"}
