using AgentPki.X509.Der;
using AgentPki.X509.Extensions;
using AgentPki.X509.Names;

namespace AgentPki.X509.AgentPolicies;

/// <summary>
/// The value of the agentPolicy extension (<c>docs/asn1/AgentPolicy.asn1</c>). Lists are in their order, without what adds nothing, and fields that say nothing are absent: octets and values correspond one to one, and other octets are refused.
/// </summary>
public static class AgentPolicyDer
{
    /// <summary>Under the arc for documentation (RFC 5612 §2), until the project has a number of its own; <c>policy: oid</c> of the appliance sets another.</summary>
    public const string DefaultOid = "1.3.6.1.4.1.32473.7.1";

    /// <summary>Octets that a reader takes.</summary>
    public const int MaximumOctets = 16 * 1024;

    private const int Version = 1;

    public static byte[] Encode(this AgentPolicy policy)
    {
        using var writer = new DerWriter(512);
        using (writer.Sequence())
        {
            writer.WriteInteger(Version);
            using (writer.Sequence())
            {
                foreach (var scope in policy.Scopes.Scopes)
                {
                    using var one = writer.Sequence();
                    writer.WriteString(DerTag.Ia5String, scope.Actions.Text);
                    writer.WriteString(DerTag.Ia5String, scope.Resources.Text);
                }
            }

            WriteTimes(writer, policy);
            WritePlaces(writer, policy);
            WriteRest(writer, policy);
        }

        return writer.ToArray();
    }

    /// <summary>As an extension of a certificate.</summary>
    /// <param name="critical">Only where every relying party knows it: others must refuse the certificate (RFC 5280 §4.2).</param>
    public static X509Extension ToExtension(this AgentPolicy policy, string oid, bool critical) => new(oid, critical, policy.Encode());

    /// <exception cref="MalformedDataException">Not the one encoding of a policy.</exception>
    public static AgentPolicy Parse(ReadOnlyMemory<byte> value)
    {
        var outer = new DerReader(value);
        if (value.Length > MaximumOctets)
        {
            throw outer.Malformed($"AgentPolicy: more than {MaximumOctets} octets");
        }

        var reader = outer.ReadSequence("AgentPolicy");
        outer.End("AgentPolicy");
        try
        {
            reader.ReadInt32("version", Version, Version);
            var parts = new AgentPolicyParts { Scopes = ReadScopes(ref reader) };
            parts = ReadTimes(ref reader, parts);
            parts = ReadPlaces(ref reader, parts);
            parts = ReadRest(ref reader, parts);
            reader.End("AgentPolicy");
            var policy = AgentPolicy.Create(parts);
            // Whatever is written in another order, twice, or as a default is refused here: there is one encoding.
            return policy.Encode().AsSpan().SequenceEqual(value.Span) ? policy : throw outer.Malformed("AgentPolicy: not in its one encoding");
        }
        catch (FormatException error) when (error is not MalformedDataException)
        {
            throw new MalformedDataException($"AgentPolicy: {error.Message}", -1, error);
        }
    }

    private static void WriteTimes(DerWriter writer, AgentPolicy policy)
    {
        if (policy.NotBefore is { } begin)
        {
            writer.WriteGeneralizedTime(begin, DerTag.Context(0));
        }

        if (policy.NotAfter is { } end)
        {
            writer.WriteGeneralizedTime(end, DerTag.Context(1));
        }

        if (policy.Weekly is { } weekly)
        {
            using var list = writer.Constructed(DerTag.ContextConstructed(2));
            foreach (var window in weekly.Windows)
            {
                using var one = writer.Sequence();
                writer.WriteInteger(window.Start);
                writer.WriteInteger(window.End);
            }
        }
    }

    private static void WritePlaces(DerWriter writer, AgentPolicy policy)
    {
        if (policy.Networks is { } networks)
        {
            using var list = writer.Constructed(DerTag.ContextConstructed(3));
            foreach (var network in networks.Networks)
            {
                using var one = writer.Sequence();
                writer.WriteOctetString(network.ToOctets());
                writer.WriteInteger(network.Prefix);
            }
        }

        WriteNames(writer, 4, policy.Environments);
        WriteNames(writer, 5, policy.DataClasses);
        WriteNames(writer, 6, policy.Obligations.IsEmpty ? null : policy.Obligations);
    }

    private static void WriteRest(DerWriter writer, AgentPolicy policy)
    {
        if (policy.DelegationDepth > 0)
        {
            writer.WriteInteger(policy.DelegationDepth, DerTag.Context(7));
        }

        if (policy.MaximumLifetime is { } lifetime)
        {
            writer.WriteInteger((long)lifetime.TotalSeconds, DerTag.Context(8));
        }

        if (!policy.Budget.Amounts.IsEmpty)
        {
            using var list = writer.Constructed(DerTag.ContextConstructed(9));
            foreach (var (unit, amount) in policy.Budget.Amounts)
            {
                using var one = writer.Sequence();
                writer.WriteString(DerTag.Ia5String, unit);
                writer.WriteInteger(amount);
            }
        }

        if (policy.Parent is { } parent)
        {
            using var one = writer.Constructed(DerTag.ContextConstructed(10));
            writer.WriteString(DerTag.Ia5String, parent.Agent.ToString());
            writer.WriteOctetString(parent.Grant.Span);
        }
    }

    private static void WriteNames(DerWriter writer, int number, NameSet? names)
    {
        if (names is null)
        {
            return;
        }

        using var list = writer.Constructed(DerTag.ContextConstructed(number));
        foreach (var name in names.Names)
        {
            writer.WriteString(DerTag.Ia5String, name);
        }
    }

    private static ScopeSet ReadScopes(ref DerReader reader)
    {
        var scopes = new List<Scope>();
        var list = reader.ReadSequence("scopes");
        while (!list.IsEmpty)
        {
            Bound(ref list, scopes.Count, ScopeSet.Maximum, "scopes");
            var one = list.ReadSequence("Scope");
            var actions = SegmentPattern.Parse(SegmentSyntax.Action, one.ReadString(DerTag.Ia5String, DerTag.Ia5String, "actions"));
            scopes.Add(new Scope(actions, SegmentPattern.Parse(SegmentSyntax.Resource, one.ReadString(DerTag.Ia5String, DerTag.Ia5String, "resources"))));
            one.End("Scope");
        }

        return ScopeSet.TryCreate(scopes, out var set, out var error) ? set : throw new FormatException(error);
    }

    private static AgentPolicyParts ReadTimes(ref DerReader reader, AgentPolicyParts parts)
    {
        if (reader.NextIs(DerTag.Context(0)))
        {
            parts = parts with { NotBefore = reader.ReadGeneralizedTime("notBefore", DerTag.Context(0)) };
        }

        if (reader.NextIs(DerTag.Context(1)))
        {
            parts = parts with { NotAfter = reader.ReadGeneralizedTime("notAfter", DerTag.Context(1)) };
        }

        if (!reader.NextIs(DerTag.ContextConstructed(2)))
        {
            return parts;
        }

        var windows = new List<WeeklyWindow>();
        var list = reader.ReadConstructed(DerTag.ContextConstructed(2), "weekly");
        while (!list.IsEmpty)
        {
            Bound(ref list, windows.Count, WeeklySchedule.Maximum, "weekly");
            var one = list.ReadSequence("WeeklyWindow");
            windows.Add(new WeeklyWindow(one.ReadInt32("start", 0, WeeklySchedule.Week), one.ReadInt32("end", 0, WeeklySchedule.Week)));
            one.End("WeeklyWindow");
        }

        return parts with { Weekly = WeeklySchedule.TryCreate(windows, out var weekly, out var error) ? weekly : throw new FormatException(error) };
    }

    private static AgentPolicyParts ReadPlaces(ref DerReader reader, AgentPolicyParts parts)
    {
        if (reader.NextIs(DerTag.ContextConstructed(3)))
        {
            var networks = new List<Network>();
            var list = reader.ReadConstructed(DerTag.ContextConstructed(3), "networks");
            while (!list.IsEmpty)
            {
                Bound(ref list, networks.Count, NetworkSet.Maximum, "networks");
                var one = list.ReadSequence("Network");
                var address = one.ReadOctetString("address");
                networks.Add(Network.TryCreate(address.Span, one.ReadInt32("prefix", 0, 128), out var network, out var wrong) ? network : throw new FormatException(wrong));
                one.End("Network");
            }

            parts = parts with { Networks = NetworkSet.TryCreate(networks, out var set, out var error) ? set : throw new FormatException(error) };
        }

        return parts with { Environments = ReadNames(ref reader, 4, "environments"), DataClasses = ReadNames(ref reader, 5, "dataClasses"), Obligations = ReadNames(ref reader, 6, "obligations") ?? NameSet.Empty };
    }

    private static AgentPolicyParts ReadRest(ref DerReader reader, AgentPolicyParts parts)
    {
        if (reader.NextIs(DerTag.Context(7)))
        {
            parts = parts with { DelegationDepth = reader.ReadInt32("delegationDepth", 1, AgentPolicy.MaximumDepth, DerTag.Context(7)) };
        }

        if (reader.NextIs(DerTag.Context(8)))
        {
            parts = parts with { MaximumLifetime = TimeSpan.FromSeconds(reader.ReadInt32("maximumLifetime", 1, (int)AgentPolicy.LongestLifetime.TotalSeconds, DerTag.Context(8))) };
        }

        if (reader.NextIs(DerTag.ContextConstructed(9)))
        {
            var amounts = new List<KeyValuePair<string, long>>();
            var list = reader.ReadConstructed(DerTag.ContextConstructed(9), "budget");
            while (!list.IsEmpty)
            {
                Bound(ref list, amounts.Count, Budget.Maximum, "budget");
                var one = list.ReadSequence("Allowance");
                amounts.Add(new(one.ReadString(DerTag.Ia5String, DerTag.Ia5String, "unit"), one.ReadInt64("amount")));
                one.End("Allowance");
            }

            parts = parts with { Budget = Budget.Of(amounts) };
        }

        if (!reader.NextIs(DerTag.ContextConstructed(10)))
        {
            return parts;
        }

        var parent = reader.ReadConstructed(DerTag.ContextConstructed(10), "parent");
        parts = parts with { Parent = new ParentGrant(SpiffeId.Parse(parent.ReadString(DerTag.Ia5String, DerTag.Ia5String, "agent")), parent.ReadOctetString("grant").ToArray()) };
        parent.End("parent");
        return parts;
    }

    private static NameSet? ReadNames(ref DerReader reader, int number, string field)
    {
        if (!reader.NextIs(DerTag.ContextConstructed(number)))
        {
            return null;
        }

        var names = new List<string>();
        var list = reader.ReadConstructed(DerTag.ContextConstructed(number), field);
        while (!list.IsEmpty)
        {
            Bound(ref list, names.Count, NameSet.Maximum, field);
            names.Add(list.ReadString(DerTag.Ia5String, DerTag.Ia5String, field));
        }

        return NameSet.Of(names);
    }

    private static void Bound(ref DerReader list, int count, int maximum, string field)
    {
        if (count == maximum)
        {
            throw list.Malformed($"{field}: more than {maximum}");
        }
    }
}
