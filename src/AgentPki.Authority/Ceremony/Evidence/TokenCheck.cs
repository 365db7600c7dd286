namespace AgentPki.Authority.Ceremony.Evidence;

/// <summary>Whether each token stayed the one that it was: its serial number is the same in all of its records, but for its initialisation.</summary>
internal static class TokenCheck
{
    public static void Run(IReadOnlyList<TranscriptRecord> records, Action<string> problem)
    {
        var serials = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var record in records.Where(r => r.Kind is RecordKinds.Token or RecordKinds.TokenInitialised))
        {
            var (token, serial) = (record["token"] ?? "", record["serial"]);
            if (record.Kind == RecordKinds.Token && serials.TryGetValue(token, out var earlier) && earlier != serial)
            {
                problem($"record {record.Number}: token '{token}' has the serial number {serial ?? "(none)"}; earlier it had {earlier ?? "(none)"}: it was exchanged");
            }

            serials[token] = serial;
        }
    }
}
