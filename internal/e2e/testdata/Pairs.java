import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads every record of a history with every version of its schema, and prints what it gets, a line each. */
public class Pairs {
    public static void main(String[] args) throws Exception {
        JsonNode history = new ObjectMapper().readTree(new File(args[0]));
        List<Schema> schemas = new ArrayList<>();
        for (JsonNode text : history.get("Schemas")) {
            schemas.add(new Schema.Parser().parse(text.textValue()));
        }
        GenericData data = new GenericData();
        data.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
        for (JsonNode record : history.get("Records")) {
            byte[] value = Base64.getDecoder().decode(record.get("Value").textValue());
            for (Schema reader : schemas) {
                BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, null);
                System.out.println(new GenericDatumReader<>(schemas.get(record.get("Version").intValue()), reader, data).read(null, decoder));
                if (!decoder.isEnd()) {
                    throw new IllegalStateException("bytes are left over");
                }
            }
        }
    }
}
