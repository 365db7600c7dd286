using System.Text;
using AgentPki.Authority.Ceremony;
using AgentPki.Authority.Ceremony.Evidence;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Ceremony.Scripts;
using AgentPki.Cryptography;
using AgentPki.Testing.Fixtures;
using AgentPki.Testing.Fuzz;
using Xunit;

namespace AgentPki.Authority.Tests.Ceremony;

/// <summary>Everything that ceremonies read, and that may come from anywhere, is taken or refused, and nothing else.</summary>
public sealed class CeremonyFuzzTests
{
    // There are two officers.
    private static readonly string Steps = CeremonyRunTests.Hierarchy.Replace(", quorum: 3", "", StringComparison.Ordinal);

    public static TheoryData<string> Parsers => ["sheet", "plan", "sealed secret", "officer", "roster", "record", "statement", "key file", "script"];

    [Theory]
    [MemberData(nameof(Parsers))]
    public async Task Parse_MutatedABit_TakesOrRefuses(string parser) => await RunAsync(parser, rounds: 60, truncated: false);

    [Theory]
    [Trait("tier", "full")]
    [MemberData(nameof(Parsers))]
    public async Task Parse_MutatedALot_TakesOrRefuses(string parser) => await RunAsync(parser, rounds: 4000, truncated: true);

    private static async Task RunAsync(string parser, int rounds, bool truncated)
    {
        using var ceremony = new TestCeremony(await TestOfficers.CreateAsync(2, KeyAlgorithm.EcdsaP256, "alice", "bob"), TimeProvider.System);
        var fuzz = await OfAsync(parser, ceremony);
        fuzz.TakesSample();
        fuzz.Mutated(seed: 6, rounds);
        if (truncated)
        {
            fuzz.Truncated();
        }
    }

    private static async Task<SeededFuzz> OfAsync(string parser, TestCeremony ceremony)
    {
        var (roster, alice) = (ceremony.Officers.Roster, ceremony.Officers.Roster.Find("alice")!);
        switch (parser)
        {
            case "sheet":
                return new SeededFuzz(() => FactSheet.Of("agentpki-test/1", ("one", "1"), ("two.b_C-d", "zwei: é")).Encode(), octets => FactSheet.TryParse(octets, out _, out _), FuzzWords.Text);
            case "plan":
                var plan = ceremony.Plan(Steps).Encode();
                // What is taken can be shown, too.
                return new SeededFuzz(() => plan, octets => CeremonyPlan.TryParse(octets, TestOfficers.Software, out var read, out _) && read.Steps.All(s => s.Kind.Describe(s).Length > 0), FuzzWords.Text);
            case "sealed secret":
                var secret = await SealedSecret.SealAsync("1234"u8.ToArray(), "PIN", roster, TestOfficers.Software, default);
                return new SeededFuzz(secret.Encode, octets => SealedSecret.TryParse(octets, out _, out _), FuzzWords.Text);
            case "officer":
                return new SeededFuzz(alice.Encode, octets => Officer.TryParse(octets, TestOfficers.Software, out _, out _), FuzzWords.Text);
            case "roster":
                return new SeededFuzz(roster.Encode, octets => OfficerRoster.TryParse(octets, TestOfficers.Software, out _, out _), FuzzWords.Text);
            case "record":
                return new SeededFuzz(() => TranscriptRecord.ToSheet(new string('a', 32), 3, DateTimeOffset.UnixEpoch, RecordKinds.Note, TranscriptRecord.Nothing, [("what", "x")]).Encode(), octets => TranscriptRecord.Parse(octets, out _) is not null, FuzzWords.Text);
            case "statement":
                await using (var key = ceremony.Officers.Open("alice"))
                {
                    var signed = await key.SignAsync(OfficerStatement.Of("close", DateTimeOffset.UnixEpoch, ("ceremony", "x")), default);
                    return new SeededFuzz(() => [.. signed.Text.Span, .. signed.Signature.Span], octets => new SignedStatement(octets.AsMemory(..Math.Min(octets.Length, signed.Text.Length)), octets.AsMemory(Math.Min(octets.Length, signed.Text.Length)..)).TryVerify(roster, TestOfficers.Software, out _, out _), FuzzWords.Text);
                }

            case "key file":
                // Nothing that is mutated is to cost a second: whoever changes the number of iterations can, in his own file.
                var file = ceremony.Officers.FileOf("alice");
                return new SeededFuzz(() => Encoding.UTF8.GetBytes(file), octets => OfficerKeyFile.TryOpen(Encoding.UTF8.GetString(octets), alice, octets.Length == file.Length && Encoding.UTF8.GetString(octets) == file ? TestOfficers.PassphraseOf("alice") : "wrong passphrase"u8, out _, out _), FuzzWords.Text);
            default:
                _ = ceremony.Plan(Steps);
                return new SeededFuzz(() => ceremony.Script.ToArray(), SeededFuzz.RefusingBy<CeremonyException>(octets => ScriptReader.Read("s.yaml", octets).Steps.Length > 0), FuzzWords.Text);
        }
    }
}
