using System.Text;
using AgentPki.Integration.Harness;

namespace AgentPki.Integration.Transcripts;

/// <summary>
/// Every committed exchange with a foreign client, said again to a running appliance: the same request octets must meet an
/// answer of the same form as the one that client was seen to accept.
/// </summary>
public sealed class TranscriptReplayTests(SharedAppliance shared)
{
    public static TheoryData<string> Files() =>
        [.. Directory.GetFiles(SourceTree.Transcripts, "*.transcript", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(SourceTree.Transcripts, file)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Replay_OfTranscript_MeetsTheSameForm(string file)
    {
        var appliance = await shared.GetAsync();
        var transcript = Transcript.Load(Path.Combine(SourceTree.Transcripts, file));
        var identity = transcript.Identity is null ? null : (await EnrolledAgent.EnrollNamedAsync(appliance, transcript.Identity)).Certificate;
        Assert.NotEmpty(transcript.Exchanges);
        foreach (var exchange in transcript.Exchanges)
        {
            var answer = await appliance.Https().ExchangeAsync(WithCredential(exchange.Request, appliance.Credential), identity);
            Assert.NotNull(answer);
            Assert.Equal(WireForm.Of(exchange.Response), WireForm.Of([.. answer.Head, .. answer.WireBody]));
        }
    }

    [Theory]
    [InlineData("curl")]
    [InlineData("strongswan")]
    [InlineData("java")]
    public void Transcripts_OfEachStockClient_AreCommitted(string client) =>
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(SourceTree.Transcripts, client), "*.transcript"));

    private static byte[] WithCredential(byte[] request, string credential) => Encoding.Latin1.GetBytes(
        Encoding.Latin1.GetString(request).Replace(Transcript.CredentialPlaceholder, Requests.Basic(credential), StringComparison.Ordinal));
}
