namespace AgentPki.X509.Der;

/// <summary>Walks a whole element and checks that every part of it is DER, whatever it means.</summary>
public static class DerValidator
{
    /// <summary>What is not DER and where; null when everything is.</summary>
    public static string? Check(ReadOnlyMemory<byte> der)
    {
        try
        {
            var reader = new DerReader(der);
            Walk(ref reader);
            reader.End("element");
            return null;
        }
        catch (MalformedDataException e)
        {
            return e.Message;
        }
    }

    private static void Walk(ref DerReader reader)
    {
        var tag = reader.NextTag;
        switch (tag)
        {
            case DerTag.Boolean:
                reader.ReadBoolean("BOOLEAN");
                break;
            case DerTag.Integer or DerTag.Enumerated:
                reader.ReadIntegerContent("INTEGER", tag);
                break;
            case DerTag.BitString:
                reader.ReadBitString("BIT STRING", out _);
                break;
            case DerTag.Null:
                reader.ReadNull("NULL");
                break;
            case DerTag.ObjectIdentifier:
                reader.ReadOid("OBJECT IDENTIFIER");
                break;
            case DerTag.Utf8String or DerTag.PrintableString or DerTag.Ia5String or DerTag.NumericString or DerTag.VisibleString or DerTag.BmpString or DerTag.UniversalString:
                reader.CheckString("string");
                break;
            case DerTag.UtcTime or DerTag.GeneralizedTime:
                reader.ReadTime("time");
                break;
            case DerTag.Set:
                WalkSet(reader.ReadSet("SET"));
                break;
            // X.690 §10.2: strings are primitive in DER.
            case 0x23 or 0x24:
                throw reader.Malformed("constructed string");
            default:
                if (!DerTag.IsConstructed(tag))
                {
                    reader.ReadElement("element");
                    break;
                }

                var inner = reader.ReadConstructed(tag, "element");
                while (!inner.IsEmpty)
                {
                    Walk(ref inner);
                }

                break;
        }
    }

    private static void WalkSet(DerReader set)
    {
        ReadOnlyMemory<byte> previous = default;
        while (!set.IsEmpty)
        {
            var ahead = set;
            var element = ahead.ReadElement("SET element");
            // X.690 §11.6 for SET OF, §10.3 for SET: either way ascending.
            if (!previous.IsEmpty && previous.Span.SequenceCompareTo(element.Span) > 0)
            {
                throw set.Malformed("SET elements out of order");
            }

            Walk(ref set);
            previous = element;
        }
    }
}
