using AgentPki.Ledger.Notes;

namespace AgentPki.Server.Configuration;

/// <summary>Reads <c>ledger:</c>.</summary>
internal static class LedgerReader
{
    internal static LedgerOptions Read(YamlSection section)
    {
        var witnesses = section.Sections("witnesses").Select(ReadWitness).OfType<WitnessReference>().ToList();
        var options = new LedgerOptions(
            section.Duration("checkpointInterval", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            section.Flag("publish", false),
            section.Duration("witnessInterval", TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            witnesses,
            section.Number("quorum", 0, 0, 64));

        // One witness that is named twice, or has one key under two names, would count as two.
        if (witnesses.GroupBy(w => w.Keys[0].Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            section.Report("witnesses", $"'{twice.Key}' is there twice: give all its keys at one place");
        }

        if (witnesses.SelectMany(w => w.Keys).GroupBy(k => k.PublicKey).FirstOrDefault(g => g.Count() > 1) is { } same)
        {
            section.Report("witnesses", $"one public key stands there twice ({string.Join(", ", same.Select(k => k.Name))}): two witnesses have two keys");
        }

        if (options.Quorum > witnesses.Count)
        {
            section.Report("quorum", $"{options.Quorum} is more than the {witnesses.Count} witnesses: no head would ever be served");
        }

        section.RefuseUnknown();
        return options;
    }

    private static WitnessReference? ReadWitness(YamlSection section)
    {
        var (url, texts) = (section.Text("url", ""), section.List("keys"));
        section.RefuseUnknown();
        if (!Uri.TryCreate(url, UriKind.Absolute, out var prefix) || (prefix.Scheme != Uri.UriSchemeHttp && prefix.Scheme != Uri.UriSchemeHttps) || prefix.Query.Length > 0)
        {
            section.Report("url", $"'{url}' must be the http(s) URL under which the witness takes heads");
            return null;
        }

        var keys = texts.Select(text => NoteKey.TryParse(text, out var key) && key.Type.IsTimestamped ? key : null).ToList();
        if (keys.Count == 0 || keys.Any(key => key is null) || keys.DistinctBy(key => key?.Name).Count() != 1)
        {
            section.Report("keys", "must be the witness's verifier keys, all of one name, as 'agentpki witness show' prints them");
            return null;
        }

        return new WitnessReference(prefix, [.. keys.OfType<NoteKey>()]);
    }
}
