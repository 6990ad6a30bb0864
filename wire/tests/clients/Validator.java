import de.timroes.axmlrpc.XMLRPCClient;
import de.timroes.axmlrpc.XMLRPCServerException;
import java.net.URL;
import java.util.*;

/** Java's aXMLRPC: all of validator1, introspection, faults and multicall. */
class Validator {
    static XMLRPCClient client;

    static Object call(String name, Object... parameters) throws Exception {
        return client.call(name, parameters);
    }

    static Object validator(String name, Object... parameters) throws Exception {
        return call("validator1." + name, parameters);
    }

    static void same(Object answer, Object expected) {
        if (!plain(answer).equals(plain(expected))) {
            throw new AssertionError("got " + plain(answer) + ", expected " + plain(expected));
        }
    }

    /** Arrays as lists, which can be compared. */
    static Object plain(Object value) {
        if (value instanceof byte[] octets) {
            return Base64.getEncoder().encodeToString(octets);
        }
        if (value instanceof Object[] values) {
            return Arrays.stream(values).map(Validator::plain).toList();
        }
        if (value instanceof Map<?, ?> members) {
            Map<String, Object> sorted = new TreeMap<>();
            members.forEach((name, member) -> sorted.put((String) name, plain(member)));
            return sorted;
        }
        return value;
    }

    static void fault(int code, String name, Object... parameters) throws Exception {
        try {
            call(name, parameters);
        } catch (XMLRPCServerException fault) {
            same(fault.getErrorNr(), code);
            return;
        }
        throw new AssertionError(name + ": no fault");
    }

    public static void main(String[] arguments) throws Exception {
        // Without the flag it unescapes texts once too often.
        client = new XMLRPCClient(new URL(arguments[0]), XMLRPCClient.FLAGS_NO_STRING_DECODE);
        String hard = "<&>\"' ]]> &amp; é Ω 中 😀\ttab\nline ";
        Map<String, Object> stooges = Map.of("moe", -7, "larry", 2147483647, "curly", -2147483640);
        Map<String, Object> others = Map.of("moe", 1, "larry", 2, "curly", 41);
        Date date = new GregorianCalendar(2026, Calendar.FEBRUARY, 28, 23, 59, 58).getTime();
        byte[] octets = new byte[256];
        for (int index = 0; index < octets.length; index++) {
            octets[index] = (byte) index;
        }

        same(validator("arrayOfStructsTest", (Object) new Object[] {stooges, others}), -2147483599);
        same(validator("countTheEntities", hard.repeat(3)), Map.of(
            "ctLeftAngleBrackets", 3, "ctRightAngleBrackets", 6, "ctAmpersands", 6, "ctApostrophes", 3, "ctQuotes", 3));
        same(validator("easyStructTest", stooges), 0);
        Map<String, Object> everything = new HashMap<>(Map.of("empty", "", "blank", " ", "yes", true, "no", false,
            "minus", -2147483648, "pi", -3.14159265358979, "date", date, "octets", octets, "list", new Object[0], "void", Map.of()));
        everything.put("text", hard);
        everything.put("deep", Map.of("list", new Object[] {1, new Object[] {2, new Object[] {3, Map.of("four", "five")}}}));
        same(validator("echoStructTest", everything), everything);
        same(validator("manyTypesTest", -42, true, hard, 2.5e-7, date, octets), new Object[] {-42, true, hard, 2.5e-7, date, octets});
        Object[] texts = new Object[182];
        Arrays.fill(texts, "x");
        texts[0] = hard;
        texts[181] = "é";
        same(validator("moderateSizeArrayCheck", (Object) texts), hard + "é");
        same(validator("nestedStructTest", Map.of("1999", Map.of(),
            "2000", Map.of("03", Map.of(), "04", Map.of("01", stooges, "02", Map.of())))), 0);
        same(validator("simpleStructReturnTest", -213), Map.of("times10", -2130, "times100", -21300, "times1000", -213000));

        if (!Arrays.asList((Object[]) call("system.listMethods")).containsAll(List.of("validator1.easyStructTest", "system.multicall"))) {
            throw new AssertionError("system.listMethods");
        }
        fault(-32601, "validator1.noSuchTest", 1);
        fault(-32602, "validator1.easyStructTest", "a string");

        Object[] answers = (Object[]) call("system.multicall", (Object) new Object[] {
            Map.of("methodName", "validator1.easyStructTest", "params", new Object[] {stooges}),
            Map.of("methodName", "validator1.noSuchTest", "params", new Object[0]),
        });
        same(answers[0], new Object[] {0});
        same(((Map<?, ?>) answers[1]).get("faultCode"), -32601);

        System.out.println("Java " + Runtime.version() + ", aXMLRPC");
    }
}
